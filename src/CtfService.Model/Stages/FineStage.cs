using System.Numerics.Tensors;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Engines;
using CtfService.Model.Sampling;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 2, which draws tokens: one pass over all positions of the images that have their layout, then a draw per position among the members of its cluster.
/// Kept tokens stay as they are.
/// Call from the device thread only.
/// </summary>
internal sealed class FineStage : IDisposable
{
    /// <summary>Rows in one fine pass when serving. More gain nothing, because the positions of one image fill a product.</summary>
    public const int MaxRows = 8;

    private readonly IFineEngine _engine;
    private readonly ClusterMap _map;
    private readonly HostSampler _sampler;
    private readonly int[] _classIds;      // [rows]
    private readonly int[] _coarseLabels;  // [rows, T]
    private readonly float[] _hidden;      // [rows, T, D]
    private readonly float[] _logits;      // [rows, T, M]

    /// <param name="engine">Disposed with the stage.</param>
    public FineStage(IFineEngine engine, ClusterMap map)
    {
        var (config, rows) = (engine.Config, engine.Capacity);
        _engine = engine;
        _map = map;
        _sampler = new HostSampler(engine.LargestCluster);
        _classIds = new int[rows];
        _coarseLabels = new int[rows * config.Positions];
        _hidden = new float[rows * config.Positions * config.Width];
        _logits = new float[rows * config.Positions * engine.LargestCluster];
    }

    /// <summary>The largest number of rows in one pass. An image takes one, or two with guidance in the fine stage.</summary>
    public int Capacity => _engine.Capacity;

    public static int RowsOf(RunningImage image) => image.Specification.Fine.IsGuided ? 2 : 1;

    /// <summary>Draws the tokens of every image.</summary>
    /// <param name="images">Images with complete layouts, together at most <see cref="Capacity"/> rows.</param>
    /// <exception cref="OperationCanceledException">Cancelled during the pass. No image has its tokens.</exception>
    /// <exception cref="NotFiniteException">A logit of an image is not finite. Images may have their tokens; a repetition gives the same ones.</exception>
    public void Run(IReadOnlyList<RunningImage> images, CancellationToken cancellation = default)
    {
        var (positions, width) = (_engine.Config.Positions, _engine.Config.Width);
        var rows = LayOutRows(images);
        var labels = _coarseLabels.AsSpan(0, rows * positions);
        var hidden = _hidden.AsSpan(0, rows * positions * width);
        _engine.Run(_classIds.AsSpan(0, rows), labels, hidden, cancellation);
        cancellation.ThrowIfCancellationRequested();
        _engine.ScoreMembers(hidden, labels, _logits.AsSpan(0, rows * positions * _engine.LargestCluster));
        var row = 0;
        foreach (var image in images)
        {
            image.SetTokens(Draw(image, row), hasFineStage: true);
            row += RowsOf(image);
        }
    }

    public void Dispose() => _engine.Dispose();

    private int LayOutRows(IReadOnlyList<RunningImage> images)
    {
        var (rows, positions) = (0, _engine.Config.Positions);
        foreach (var image in images)
        {
            for (var row = 0; row < RowsOf(image); row++)
            {
                _classIds[rows] = row == 0 ? image.Specification.ClassId : _engine.Config.NullClass;
                image.CoarseLabels.CopyTo(_coarseLabels.AsSpan(rows * positions, positions));
                rows++;
            }
        }

        return rows;
    }

    private int[] Draw(RunningImage image, int row)
    {
        var settings = image.Specification.Fine;
        var tokens = new int[_engine.Config.Positions];
        for (var cell = 0; cell < tokens.Length; cell++)
        {
            if (image.IsKept(cell))
            {
                tokens[cell] = image.KeptTokens![cell];
                continue;
            }

            var members = _map.Members[image.CoarseLabels[cell]];
            var logits = Logits(row, cell, members.Length);
            if (settings.IsGuided)
            {
                HostSampler.Guide(logits, Logits(row + 1, cell, members.Length), settings.GuidanceScale);
            }

            if (!TensorPrimitives.IsFiniteAll<float>(logits))
            {
                throw NotFiniteException.Of("fine logits", cell);
            }

            var draw = new LabelDraw(image.Specification.Method, image.Specification.Seed, SamplingStage.Fine, cell);
            tokens[cell] = members[_sampler.Sample(logits, settings, draw)];
        }

        return tokens;
    }

    private Span<float> Logits(int row, int cell, int members) =>
        _logits.AsSpan(((row * _engine.Config.Positions) + cell) * _engine.LargestCluster, members);
}
