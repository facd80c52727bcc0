using System.Net;
using System.Net.Sockets;

namespace Pipeline.Api.Replay;

/// <summary>
/// Sends a source to a meeting's port over UDP, once. As an SFU does, each participant sends from a port of its own, to one
/// port for all, whether or not anybody listens there.
/// </summary>
/// <param name="clock">Paces the packets, and gives the log its times.</param>
public sealed class ReplaySession(ReplaySource source, NetworkConditions? conditions = null, TimeProvider? clock = null)
{
    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly TaskCompletionSource<TimeSpan> began = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When the source's time 0 was, since the Unix epoch; completes as the sending begins.</summary>
    public Task<TimeSpan> Began => began.Task;

    /// <summary>What the simulated network does with the packets; the same in every run.</summary>
    public NetworkImpairment Network { get; } = NetworkImpairment.Apply(source.Packets, conditions ?? NetworkConditions.Perfect);

    /// <summary>
    /// Ends when the last packet's sound is over. Every packet is due at a moment counted from the start, so that a stall is
    /// caught up at once and never adds up.
    /// </summary>
    /// <param name="speed">Above 1 packets leave faster; their RTP timestamps stay as they are.</param>
    /// <param name="ct">Ends the run early; the log then says so, and holds what was done until then.</param>
    /// <exception cref="ReplayException">The address cannot be sent to.</exception>
    public Task<SendLog> RunAsync(IPEndPoint ingest, double speed = 1, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(speed, 0);
        return Task.Factory.StartNew(
            () => SendAsync(ingest, speed, ct), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    private async Task<SendLog> SendAsync(IPEndPoint ingest, double speed, CancellationToken ct)
    {
        var sockets = OpenSockets(ingest.AddressFamily);
        try
        {
            var sent = new List<SentPacket>(Network.Deliveries.Count);
            var started = clock.GetUtcNow() - DateTimeOffset.UnixEpoch;
            long epoch = clock.GetTimestamp();
            began.TrySetResult(started);
            bool complete = await SendAllAsync(sent, started, epoch, ingest, sockets, speed, ct)
                && await TryWaitUntilAsync(epoch, source.Duration / speed, ct);
            return new SendLog(source, started, speed, sent, complete);
        }
        catch (SocketException e)
        {
            throw new ReplayException($"Nothing can be sent to {ingest}: {e.Message}", e);
        }
        finally
        {
            foreach (var socket in sockets.Values) socket.Dispose();
        }
    }

    private async Task<bool> SendAllAsync(
        List<SentPacket> sent, TimeSpan started, long epoch, IPEndPoint ingest, Dictionary<string, Socket> sockets, double speed, CancellationToken ct)
    {
        var address = ingest.Serialize();
        foreach (var delivery in Network.Deliveries)
        {
            if (!await TryWaitUntilAsync(epoch, delivery.Time / speed, ct)) return false;
            var packet = source.Packets[delivery.Packet];
            RtpHeader.TryRead(packet.Bytes.Span, out var header);   // a source holds nothing else
            TimeSpan? left = null;
            if (delivery.Kind != DeliveryKind.Lost)
            {
                left = started + clock.GetElapsedTime(epoch);
                sockets[source.Streams[packet.Stream].Participant.Id].SendTo(packet.Bytes.Span, SocketFlags.None, address);
            }
            sent.Add(new SentPacket(packet.Stream, header.SequenceNumber, header.Timestamp, packet.Time, left, delivery.Kind));
        }
        return true;
    }

    /// <summary>Waits in whole milliseconds, rounded up: a packet is never early, and no processor spins.</summary>
    /// <returns>False when cancelled.</returns>
    private async Task<bool> TryWaitUntilAsync(long epoch, TimeSpan due, CancellationToken ct)
    {
        for (var wait = due - clock.GetElapsedTime(epoch); wait > TimeSpan.Zero; wait = due - clock.GetElapsedTime(epoch))
        {
            wait = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));
            // On a busy machine the thread pool's timer is late by 2 ms and more, a thread of its own by half of one.
            if (clock == TimeProvider.System) ct.WaitHandle.WaitOne(wait);
            else await Task.Delay(wait, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ct.IsCancellationRequested) return false;
        }
        return !ct.IsCancellationRequested;
    }

    /// <summary>Not connected: a connected socket would fail once nobody listens, and an SFU sends on while a recorder restarts.</summary>
    private Dictionary<string, Socket> OpenSockets(AddressFamily family) => source.Streams
        .Select(s => s.Participant.Id).Distinct()
        .ToDictionary(id => id, _ => new Socket(family, SocketType.Dgram, ProtocolType.Udp));
}
