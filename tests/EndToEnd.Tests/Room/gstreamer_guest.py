"""Speaks through GStreamer's webrtcbin, in packets of 60 ms."""
import asyncio, time, wave

import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC

SOON = 0.3                                                                           # from being asked to the first sample


class Guest:
    async def connect(self, exchange):
        """Returns when media flows. `exchange` takes an offer (SDP) and gives the answer."""
        Gst.init(None)
        self.pipeline = Gst.parse_launch(
            "audiotestsrc is-live=true wave=silence ! audio/x-raw,rate=48000,channels=2 ! audiomixer name=mouth ! audioconvert ! "
            "opusenc frame-size=60 ! rtpopuspay pt=100 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=100 ! webrtcbin name=peer bundle-policy=max-bundle")
        self.peer, self.mouth = self.pipeline.get_by_name("peer"), self.pipeline.get_by_name("mouth")
        self.loop = asyncio.get_running_loop()
        negotiable = asyncio.Event()
        self.peer.connect("on-negotiation-needed", lambda peer: self.loop.call_soon_threadsafe(negotiable.set))
        self.pipeline.set_state(Gst.State.PLAYING)
        await negotiable.wait()

        offered = await self.call("create-offer", None)                              # it and its reply own the offer
        reply = offered.get_reply()
        await self.call("set-local-description", reply.get_value("offer"))
        await self.until("ice-gathering-state", lambda state: state == GstWebRTC.WebRTCICEGatheringState.COMPLETE)
        answer = await exchange(self.peer.get_property("local-description").sdp.as_text())
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        await self.call("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp))
        States = GstWebRTC.WebRTCPeerConnectionState
        if await self.until("connection-state", lambda state: state in (States.CONNECTED, States.FAILED)) == States.FAILED:
            raise ConnectionError("no way to Janus")
        self.pipeline.recalculate_latency()

    async def say(self, path):
        """Returns, after the last sample, when the first was sent (Unix time in seconds)."""
        with wave.open(path) as file:
            length = file.getnframes() / file.getframerate()
        sound = Gst.parse_bin_from_description(f'filesrc location="{path}" ! wavparse ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! queue', True)
        self.pipeline.add(sound)
        pad = self.mouth.request_pad_simple("sink_%u")
        at = time.time() + SOON
        pad.set_offset(self.pipeline.get_clock().get_time() - self.pipeline.get_base_time() + int(SOON * Gst.SECOND))
        sound.get_static_pad("src").link(pad)
        sound.sync_state_with_parent()
        await asyncio.sleep(at + length - time.time())
        return at

    async def close(self):
        self.pipeline.set_state(Gst.State.NULL)

    async def call(self, action, argument):
        promise = Gst.Promise.new()
        self.peer.emit(action, argument, promise)
        await asyncio.to_thread(promise.wait)
        return promise

    async def until(self, name, holds):
        changed = asyncio.Event()
        watch = self.peer.connect(f"notify::{name}", lambda *_: self.loop.call_soon_threadsafe(changed.set))
        while not holds(state := self.peer.get_property(name)):
            await changed.wait()
            changed.clear()
        self.peer.disconnect(watch)
        return state
