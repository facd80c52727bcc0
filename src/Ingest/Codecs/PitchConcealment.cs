namespace Pipeline.Ingest.Codecs;

/// <summary>
/// Fills holes in a voice by repeating its last pitch period, as ITU-T G.711 Appendix I does: as loud as it was for 10 ms, then fading, gone
/// after 60 ms. What comes behind the hole is faded in over what was made up. Mono; allocates nothing once made.
/// </summary>
/// <param name="rate">Hz.</param>
internal sealed class PitchConcealment(int rate)
{
    private readonly int shortest = rate / 200, longest = rate * 15 / 1000;          // pitch: 66 to 200 Hz; of higher voices several periods
    private readonly int window = rate / 50;                                         // that is compared
    private readonly int loud = rate / 100, gone = rate * 6 / 100;
    private readonly int fade = rate / 200;                                          // 5 ms, into what comes behind the hole
    private readonly float[] heard = new float[rate * 35 / 1000];                    // the last of what was given, the newest last
    private readonly float[] period = new float[rate * 15 / 1000];
    private int length, made;                                                        // of the period; samples of this hole

    /// <summary>Takes what was sent, and fades it in where a hole was before it.</summary>
    public void Hear(Span<float> pcm)
    {
        if (made > 0)
        {
            int over = Math.Min(fade, pcm.Length);
            for (int i = 0; i < over; i++)
            {
                float weight = (i + 1f) / (over + 1);
                pcm[i] = weight * pcm[i] + (1 - weight) * Next();
            }
            made = 0;
        }
        Keep(pcm);
    }

    /// <summary>Fills the next part of a hole.</summary>
    public void Conceal(Span<float> pcm)
    {
        bool begins = made == 0;
        if (begins) FindPeriod();
        for (int i = 0; i < pcm.Length; i++) pcm[i] = Next();
        if (begins)
        {
            // The last sample is not quite the one a period before it: the step between them is taken out slowly.
            float step = heard[^1] - heard[^(length + 1)];
            int seam = Math.Min(length / 4, pcm.Length);
            for (int i = 0; i < seam; i++) pcm[i] += step * (seam - i) / (seam + 1);
        }
        Keep(pcm);
    }

    /// <summary>What comes goes on from silence.</summary>
    public void Reset()
    {
        Array.Clear(heard);
        made = 0;
    }

    private float Next()
    {
        float gain = Math.Clamp((gone - made) / (float)(gone - loud), 0, 1);
        return gain * period[made++ % length];
    }

    /// <summary>Keeps the last period, its end faded into what was before its beginning: it can be put behind itself.</summary>
    private void FindPeriod()
    {
        length = BestLag();
        heard.AsSpan(heard.Length - length).CopyTo(period);
        int quarter = length / 4;
        for (int i = 0; i < quarter; i++)
        {
            float weight = (i + 1f) / (quarter + 1);
            int at = length - quarter + i;
            period[at] = (1 - weight) * period[at] + weight * heard[heard.Length - length - quarter + i];
        }
    }

    /// <summary>By how many samples the newest are most alike those before them.</summary>
    private int BestLag()
    {
        int newest = heard.Length - window, best = shortest;
        float alike = float.NegativeInfinity;
        for (int lag = shortest; lag <= longest; lag++)
        {
            float product = 0, energy = 1e-9f;
            for (int i = newest; i < heard.Length; i++)
            {
                product += heard[i] * heard[i - lag];
                energy += heard[i - lag] * heard[i - lag];
            }
            float likeness = product / MathF.Sqrt(energy);
            if (likeness > alike) (alike, best) = (likeness, lag);
        }
        return best;
    }

    private void Keep(ReadOnlySpan<float> pcm)
    {
        if (pcm.Length >= heard.Length) pcm[^heard.Length..].CopyTo(heard);
        else
        {
            heard.AsSpan(pcm.Length).CopyTo(heard);
            pcm.CopyTo(heard.AsSpan(heard.Length - pcm.Length));
        }
    }
}
