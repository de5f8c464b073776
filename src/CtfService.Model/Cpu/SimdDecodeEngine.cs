using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Engines;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu;

/// <summary>Decode steps on the CPU's vector units, without allocations. A row's logits are bitwise identical alone and in any batch.</summary>
internal sealed class SimdDecodeEngine : IDecodeEngine
{
    private readonly IDecodePass _pass;
    private readonly DecodeRowCheck _check;

    /// <param name="weights">Read and packed in the constructor; not needed afterwards.</param>
    /// <param name="pool">The threads to compute on. The caller keeps ownership.</param>
    /// <exception cref="CtfService.Core.Models.CheckpointException">A weight is missing or has the wrong shape.</exception>
    public SimdDecodeEngine(TransformerConfig config, WeightSource weights, ComputeThreadPool pool, CpuEngineOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Capacity, nameof(options));
        Config = config;
        Capacity = options.Capacity;
        _check = new DecodeRowCheck(config, options.Capacity);
        using var buffers = new NativeScope(); // frees the allocated buffers if the constructor of the pass throws
        _pass = SimdDispatch.CreateDecode(new PassParts(config, weights, pool, options));
        buffers.Keep();
        Threads = StepThreads.Always(pool.Threads);
    }

    public TransformerConfig Config { get; }

    public int Capacity { get; }

    /// <summary>Gets the bytes of weights that a step reads, for any number of rows.</summary>
    public long WeightBytes => _pass.WeightBytes;

    /// <summary>Gets the bytes of cached keys and values that a row reads for each position it attends to.</summary>
    public long PositionBytes => _pass.PositionBytes;

    /// <summary>Gets the size of the KV cache in bytes.</summary>
    public long CacheBytes => _pass.CacheBytes;

    /// <summary>Gets or sets the number of threads for each number of rows; all of the pool by default.</summary>
    public StepThreads Threads { get; set; }

    /// <inheritdoc/>
    public void DecodeStep(ReadOnlySpan<DecodeRow> rows, Span<float> logits)
    {
        _check.Require(rows, logits);
        _pass.Rows.Clear();
        foreach (var row in rows)
        {
            _pass.Rows.Add(row.Slot, row.Position, row.Input, visible: row.Position + 1);
        }

        _pass.Run(Threads.For(rows.Length));
        var vocabulary = Config.OutputVocabulary;
        for (var row = 0; row < rows.Length; row++)
        {
            _pass.Logits(row).CopyTo(logits[(row * vocabulary)..]);
        }
    }

    public void Dispose() => _pass.Dispose();
}
