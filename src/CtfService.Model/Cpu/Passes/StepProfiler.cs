using System.Diagnostics;

namespace CtfService.Model.Cpu.Passes;

/// <summary>Adds up where the time of the steps goes, seen by the thread that calls the engine.</summary>
internal sealed class StepProfiler
{
    private readonly long[] _ticks = new long[Enum.GetValues<StepPart>().Length];
    private long _last;

    public TimeSpan this[StepPart part] => Stopwatch.GetElapsedTime(0, _ticks[(int)part]);

    public void Clear() => Array.Clear(_ticks);

    /// <summary>Begins a step.</summary>
    internal void Start() => _last = Stopwatch.GetTimestamp();

    /// <summary>All time since the last mark was spent on this part.</summary>
    internal void Mark(StepPart part)
    {
        var now = Stopwatch.GetTimestamp();
        _ticks[(int)part] += now - _last;
        _last = now;
    }
}

/// <summary>What a step consists of.</summary>
internal enum StepPart
{
    /// <summary>Looking up the inputs' vectors, and the factors of the norms.</summary>
    EmbeddingAndNorms,

    /// <summary>wqkv.</summary>
    QueryKeyValue,

    /// <summary>Rotary positions, the cache's new entries, attention.</summary>
    Attention,

    /// <summary>wo and the residual.</summary>
    AttentionOutput,

    /// <summary>w1, w3 and SwiGLU.</summary>
    GateUp,

    /// <summary>w2 and the residual.</summary>
    Down,

    /// <summary>Final norm and output head.</summary>
    Head,

    /// <summary>Waiting for the other threads.</summary>
    Barriers,
}
