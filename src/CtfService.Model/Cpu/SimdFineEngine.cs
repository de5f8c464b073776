using CtfService.Model.Clusters;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Engines;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu;

/// <summary>The fine pass on the CPU's vector units, without allocations. An image's results are bitwise identical alone and in any batch.</summary>
internal sealed class SimdFineEngine : IFineEngine
{
    private readonly IFinePass _pass;
    private readonly FinePassCheck _check;

    /// <param name="weights">Read and packed in the constructor; not needed afterwards.</param>
    /// <param name="pool">The threads to compute on. The caller keeps ownership.</param>
    /// <exception cref="CtfService.Core.Models.CheckpointException">A weight is missing or has the wrong shape.</exception>
    public SimdFineEngine(TransformerConfig config, WeightSource weights, ClusterMap map, ComputeThreadPool pool, CpuEngineOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Capacity, nameof(options));
        Config = config;
        Capacity = options.Capacity;
        LargestCluster = map.LargestCluster;
        _check = new FinePassCheck(config, map, options.Capacity);
        using var buffers = new NativeScope(); // frees the allocated buffers if the constructor of the pass throws
        _pass = SimdDispatch.CreateFine(new PassParts(config, weights, pool, options), map);
        buffers.Keep();
    }

    public TransformerConfig Config { get; }

    public int Capacity { get; }

    public int LargestCluster { get; }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default)
    {
        _check.RequireRun(classIds, coarseLabels, hidden);
        var (cells, width) = (Config.Positions, Config.Width);
        _pass.Rows.Clear();
        for (var image = 0; image < classIds.Length; image++)
        {
            _pass.Rows.Add(image, position: 0, classIds[image], visible: 1 + cells);
            for (var cell = 0; cell < cells; cell++)
            {
                _pass.Rows.Add(image, position: 1 + cell, coarseLabels[(image * cells) + cell], visible: 1 + cells);
            }
        }

        _pass.Run(cancellation);
        for (var i = 0; i < coarseLabels.Length; i++)
        {
            var (image, cell) = Math.DivRem(i, cells);
            _pass.Hidden((image * (1 + cells)) + 1 + cell).CopyTo(hidden[(i * width)..]);
        }
    }

    /// <inheritdoc/>
    public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits)
    {
        _check.RequireScores(hidden, coarseLabels, logits);
        _pass.ScoreMembers(hidden, coarseLabels, logits);
    }

    public void Dispose() => _pass.Dispose();
}
