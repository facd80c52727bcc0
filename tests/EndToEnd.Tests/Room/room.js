// People in a Janus VideoRoom, as few lines of its WebSocket API as they need. Driven by the tests: `people.NAME`.

/** One connection to Janus: requests with their answers. */
class Wire {
  constructor(url, apiSecret) {
    this.secret = apiSecret;
    this.waiting = new Map();
    this.next = 1;
    this.socket = new WebSocket(url, 'janus-protocol');
    this.opened = new Promise((open, fail) => {
      this.socket.onopen = open;
      this.socket.onerror = () => fail(new Error('Janus cannot be reached'));
    });
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.alive = setInterval(() => this.session && this.send({ janus: 'keepalive' }), 5000);
  }

  take(message) {
    const answer = this.waiting.get(message.transaction);
    if (!answer || message.janus === 'ack') return;
    this.waiting.delete(message.transaction);
    const error = message.error?.reason ?? message.plugindata?.data.error;
    if (error) answer.fail(new Error(error));
    else answer.done(message);
  }

  send(request) {
    const transaction = `t${this.next++}`;
    this.socket.send(JSON.stringify({ ...request, transaction, apisecret: this.secret, session_id: this.session, handle_id: this.handle }));
    return new Promise((done, fail) => this.waiting.set(transaction, { done, fail }));
  }

  async attach() {
    await this.opened;
    this.session = (await this.send({ janus: 'create' })).data.id;
    this.handle = (await this.send({ janus: 'attach', plugin: 'janus.plugin.videoroom' })).data.id;
  }

  ask(body, jsep) {
    return this.send({ janus: 'message', body, jsep });
  }

  close() {
    clearInterval(this.alive);
    this.socket.close();
  }
}

/** Somebody who says what the test gives them, or what the browser's microphone hears. */
class Person {
  constructor(id, name, room) {
    Object.assign(this, { id, name, room });
    this.sound = new AudioContext({ sampleRate: 48000 });
    this.mouth = this.sound.createMediaStreamDestination();
    // Silence is sound too: without any, nothing is sent.
    const breath = this.sound.createConstantSource();
    breath.offset.value = 1e-5;
    breath.connect(this.mouth);
    breath.start();
  }

  async enter({ camera = false } = {}) {
    this.wire = new Wire(this.room.url, this.room.apiSecret);
    await this.wire.attach();
    await this.wire.ask({ request: 'join', ptype: 'publisher', room: this.room.id, pin: this.room.pin, id: this.id, display: this.name });
    this.peer = new RTCPeerConnection();
    this.voice = this.peer.addTrack(this.mouth.stream.getAudioTracks()[0], this.mouth.stream);
    if (camera) this.peer.addTrack(this.#picture(), this.mouth.stream);
    await this.#publish();
  }

  /** From now on they are heard through the browser's microphone; returns when it was opened (Unix milliseconds). */
  async listen() {
    const heard = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    const opened = Date.now();
    await this.voice.replaceTrack(heard.getAudioTracks()[0]);
    return opened;
  }

  /** The camera of somebody who is there already. */
  async show() {
    this.peer.addTrack(this.#picture(), this.mouth.stream);
    await this.#publish();
  }

  async leave() {
    await this.wire.ask({ request: 'leave' });
    this.vanish();
  }

  /** Without a word. */
  vanish() {
    this.wire.close();
    this.peer.close();
    clearInterval(this.painting);
  }

  /** Speaks a WAV file; returns when its first sample was due (Unix milliseconds), after the last. */
  async say(wav) {
    const bytes = Uint8Array.from(atob(wav), c => c.charCodeAt(0));
    const source = this.sound.createBufferSource();
    source.buffer = await this.sound.decodeAudioData(bytes.buffer);
    source.connect(this.mouth);
    const due = this.sound.currentTime + 0.1;
    const at = Date.now() + 100;
    const ended = new Promise(done => { source.onended = done; });
    source.start(due);
    await ended;
    return at;
  }

  async #publish() {
    await this.peer.setLocalDescription(await this.peer.createOffer());
    if (this.peer.iceGatheringState !== 'complete') {
      await new Promise(done => this.peer.addEventListener('icegatheringstatechange', () => this.peer.iceGatheringState === 'complete' && done()));
    }
    const { jsep } = await this.wire.ask({ request: 'configure' }, this.peer.localDescription.toJSON());
    await this.peer.setRemoteDescription(jsep);
    if (this.peer.connectionState === 'connected') return;
    await new Promise((done, fail) => this.peer.addEventListener('connectionstatechange', () => {
      if (this.peer.connectionState === 'connected') done();
      if (this.peer.connectionState === 'failed') fail(new Error('no way to Janus'));
    }));
  }

  #picture() {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
    const pen = canvas.getContext('2d');
    let n = 0;
    this.painting = setInterval(() => {
      pen.fillStyle = `hsl(${n++ % 360} 80% 50%)`;
      pen.fillRect(0, 0, 320, 180);
    }, 100);
    return canvas.captureStream(10).getVideoTracks()[0];
  }
}

/** What Janus forwards in the room. */
async function forwarders(room) {
  const wire = new Wire(room.url, room.apiSecret);
  await wire.attach();
  const { plugindata } = await wire.ask({ request: 'listforwarders', room: room.id, secret: room.secret });
  wire.close();
  return plugindata.data.publishers;
}

const people = {};
