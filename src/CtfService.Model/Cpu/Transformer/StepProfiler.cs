using System.Diagnostics;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>Accumulates the time of each part of the steps, measured on the thread that calls the engine. Not thread-safe.</summary>
internal sealed class StepProfiler
{
    private readonly long[] _ticks = new long[Enum.GetValues<StepPart>().Length];
    private long _last;

    /// <summary>Gets the time spent on a part since <see cref="Clear"/>.</summary>
    public TimeSpan this[StepPart part] => Stopwatch.GetElapsedTime(0, _ticks[(int)part]);

    /// <summary>Resets all times to zero.</summary>
    public void Clear() => Array.Clear(_ticks);

    /// <summary>Starts a step.</summary>
    internal void Start() => _last = Stopwatch.GetTimestamp();

    /// <summary>Adds the time since the last mark to a part.</summary>
    internal void Mark(StepPart part)
    {
        var now = Stopwatch.GetTimestamp();
        _ticks[(int)part] += now - _last;
        _last = now;
    }
}

/// <summary>A part of a decode step.</summary>
internal enum StepPart
{
    /// <summary>Embedding of the inputs, and the row scales of the norms.</summary>
    EmbeddingAndNorms,

    /// <summary>The product with wqkv.</summary>
    QueryKeyValue,

    /// <summary>Rotary embedding, appending to the KV cache, attention.</summary>
    Attention,

    /// <summary>The product with wo, and the residual.</summary>
    AttentionOutput,

    /// <summary>The product with w1 and w3, and SwiGLU.</summary>
    GateUp,

    /// <summary>The product with w2, and the residual.</summary>
    Down,

    /// <summary>Final norm and output head.</summary>
    Head,

    /// <summary>Waiting at barriers.</summary>
    Barriers,
}
