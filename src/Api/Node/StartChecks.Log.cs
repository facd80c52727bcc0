namespace Pipeline.Api.Node;

internal sealed partial class StartChecks
{
    [LoggerMessage(LogLevel.Warning, "Senders are told to send RTP to {Host}, which is no address of any machine: set PIPELINE_RTP_HOST")]
    private partial void LogHostIsAny(string host);
}
