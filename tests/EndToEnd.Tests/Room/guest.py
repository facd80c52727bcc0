"""Somebody in a Janus VideoRoom who is no browser: their WebRTC is aiortc's.

    guest.py '{"url": "ws://...", "api_secret": "...", "room": 1234, "pin": "...", "id": 21, "name": "..."}'

Prints `entered` when connected. Each line of standard input is a WAV file, which is said at once: `saying SECONDS` (Unix
time of its first sample) and, after its last, `said`. Leaves when standard input ends. As with any aiortc whose track is
replaced, each file's RTP timestamps begin anew, and those of the silence between.
"""
import asyncio, base64, json, os, struct, sys, time
from urllib.parse import urlsplit

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError


class Janus:
    """One handle of the VideoRoom, over as much of a WebSocket (RFC 6455) as that takes."""

    def __init__(self, url, secret):
        self.url, self.common, self.sent, self.waiting = urlsplit(url), {"apisecret": secret}, 0, {}

    async def attach(self):
        self.reader, self.writer = await asyncio.open_connection(self.url.hostname, self.url.port)
        self.writer.write((
            f"GET / HTTP/1.1\r\nHost: {self.url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Protocol: janus-protocol\r\n\r\n").encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode())
        self.tasks = [asyncio.create_task(self.listen()), asyncio.create_task(self.keep_alive())]
        self.common["session_id"] = (await self.ask({"janus": "create"}))["data"]["id"]
        self.common["handle_id"] = (await self.ask({"janus": "attach", "plugin": "janus.plugin.videoroom"}))["data"]["id"]

    async def ask(self, request):
        """Returns the answer, which may come long after its acknowledgement."""
        transaction = self.send(request)
        answer = self.waiting[transaction] = asyncio.get_running_loop().create_future()
        message = await answer
        data = message.get("plugindata", {}).get("data", {})
        if "error" in message or "error" in data:
            raise ConnectionError(json.dumps(message))
        return message

    def send(self, request):
        self.sent += 1
        transaction = str(self.sent)
        text = json.dumps({**request, **self.common, "transaction": transaction}).encode()
        mask = os.urandom(4)
        length = bytes([0x80 | len(text)]) if len(text) < 126 else struct.pack("!BH", 0x80 | 126, len(text))
        self.writer.write(b"\x81" + length + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(text)))
        return transaction

    async def receive(self):
        text, last = b"", False
        while not last:
            first, length = await self.reader.readexactly(2)
            if length == 126:
                length, = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                length, = struct.unpack("!Q", await self.reader.readexactly(8))
            part = await self.reader.readexactly(length)
            if first & 0x0F < 3:                                                     # text, or more of it; not a ping
                text, last = text + part, first & 0x80
        return json.loads(text)

    async def listen(self):
        try:
            while True:
                message = await self.receive()
                if message["janus"] != "ack" and (answer := self.waiting.pop(message.get("transaction"), None)):
                    answer.set_result(message)
        except (OSError, EOFError) as error:
            for answer in self.waiting.values():
                answer.set_exception(error)

    async def keep_alive(self):
        while True:
            await asyncio.sleep(5)
            self.send({"janus": "keepalive"})


class Microphone(MediaStreamTrack):
    """Hears silence, and the files it is given."""
    kind = "audio"

    def __init__(self):
        super().__init__()
        self.source, self.next, self.said = self.silence(), None, asyncio.Event()

    def silence(self):
        return MediaPlayer("anullsrc=r=48000:cl=stereo", format="lavfi").audio

    async def say(self, path):
        self.next = path
        self.said.clear()
        await self.said.wait()

    async def recv(self):
        if self.next:
            self.source.stop()
            self.source, self.next = MediaPlayer(self.next).audio, None
            frame = await self.source.recv()
            tell(f"saying {time.time():.6f}")
            return frame
        try:
            return await self.source.recv()
        except MediaStreamError:                                                     # that was all of the file
            self.source = self.silence()
            self.said.set()
            return await self.source.recv()

    def stop(self):
        super().stop()
        self.source.stop()


def tell(line):
    print(line, flush=True)


async def main(room):
    janus = Janus(room["url"], room["api_secret"])
    await janus.attach()
    await janus.ask({"janus": "message", "body": {
        "request": "join", "ptype": "publisher", "room": room["room"], "pin": room["pin"], "id": room["id"], "display": room["name"]}})

    microphone = Microphone()
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))                        # there is no network but this machine
    connected = asyncio.Event()
    peer.on("connectionstatechange", lambda: connected.set() if peer.connectionState in ("connected", "failed") else None)
    peer.addTrack(microphone)
    await peer.setLocalDescription(await peer.createOffer())
    offer = {"type": "offer", "sdp": peer.localDescription.sdp}
    answer = (await janus.ask({"janus": "message", "body": {"request": "configure"}, "jsep": offer}))["jsep"]
    await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
    await connected.wait()
    if peer.connectionState == "failed":
        raise ConnectionError("no way to Janus")
    tell("entered")

    while path := (await asyncio.to_thread(sys.stdin.readline)).strip():
        await microphone.say(path)
        tell("said")
    await janus.ask({"janus": "message", "body": {"request": "leave"}})
    await peer.close()


asyncio.run(main(json.loads(sys.argv[1])))
