"""Speaks through aiortc. As with any aiortc whose track is replaced, each file's RTP timestamps begin anew, and those of the silence between."""
import asyncio, time

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError


class Guest:
    async def connect(self, exchange):
        """Returns when media flows. `exchange` takes an offer (SDP) and gives the answer."""
        self.microphone = Microphone()
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))               # there is no network but this machine
        connected = asyncio.Event()
        self.peer.on("connectionstatechange", lambda: connected.set() if self.peer.connectionState in ("connected", "failed") else None)
        self.peer.addTrack(self.microphone)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        await self.peer.setRemoteDescription(RTCSessionDescription(await exchange(self.peer.localDescription.sdp), "answer"))
        await connected.wait()
        if self.peer.connectionState == "failed":
            raise ConnectionError("no way to Janus")

    async def say(self, path):
        """Returns, after the last sample, when the first was sent (Unix time in seconds)."""
        return await self.microphone.say(path)

    async def close(self):
        await self.peer.close()


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
        return self.began

    async def recv(self):
        if self.next:
            self.source.stop()
            self.source, self.next = MediaPlayer(self.next).audio, None
            frame = await self.source.recv()
            self.began = time.time()
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
