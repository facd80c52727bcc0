using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

public sealed class DecodeBudgetTests
{
    [Theory]
    [InlineData(1, 512)]              // the floor
    [InlineData(7.68, 512)]           // 384 positions and the margin: just so
    [InlineData(7.70, 576)]
    [InlineData(9.6, 640)]            // the longest job of the detector
    [InlineData(20, 1152)]
    [InlineData(30, 1500)]            // all there is
    public void The_window_has_a_margin_and_stays_in_bounds(double seconds, int expected) =>
        Assert.Equal(expected, DecodeBudget.AudioContext((int)(seconds * 16_000)));

    [Theory]
    [InlineData(1, 24)]
    [InlineData(10, 96)]
    [InlineData(30, 220)]
    public void A_loop_cannot_go_on_for_ever(double seconds, int expected) =>
        Assert.Equal(expected, DecodeBudget.MaxTokens((int)(seconds * 16_000)));
}
