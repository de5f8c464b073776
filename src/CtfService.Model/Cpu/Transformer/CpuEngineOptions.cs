using System.Diagnostics;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>Settings of a CPU engine.</summary>
/// <param name="Capacity">The number of slots of a decode engine, or of images in one pass of a fine engine.</param>
/// <param name="Format">The storage format of the weights.</param>
/// <param name="Width">The vector width; null for the widest that the machine supports.</param>
/// <param name="Profiler">Measures the parts of every step; null to measure nothing.</param>
internal sealed record CpuEngineOptions(int Capacity, WeightFormat Format = WeightFormat.Float32, VectorWidth? Width = null, StepProfiler? Profiler = null);

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
