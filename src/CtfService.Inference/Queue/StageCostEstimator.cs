using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// Estimates the device time of labels and of each later stage from the measurements of every step; the cost of an image follows from its kind. The work of
/// a later stage is constant, so a moving average is sufficient. The devices of an instance share one. Thread-safe.
/// </summary>
/// <remarks>
/// A decode step may draw several labels of an image in rows that no image occupies, so one image alone needs fewer, longer steps than one among many.
/// Forecasts therefore count labels instead of steps, each with the time that it takes while images occupy so many rows.
/// </remarks>
internal sealed class StageCostEstimator
{
    /// <summary>Weight of the latest measurement; about the last eight measurements count.</summary>
    private const double Smoothing = 0.25;

    private readonly Lock _gate = new();
    private readonly TimesByRows _labelTimes = new(); // by the rows that images occupy
    private readonly TimesByRows _stepTimes = new();  // of steps, by the rows that they compute
    private double _labels;
    private int _mostRows; // of a step
    private TimeSpan? _vqEncode;
    private TimeSpan? _fine;
    private TimeSpan? _vqDecode;
    private StageCosts _fastest; // zero for a stage that never ran

    /// <summary>Number of labels that an image would have which was part of every decode step of all devices.</summary>
    public double Labels => Volatile.Read(ref _labels);

    /// <summary>
    /// The current estimates. Zero for a stage that never ran, except that VQ encode counts as much as VQ decode, its inverse, until it has run.
    /// </summary>
    public StageCosts Costs
    {
        get
        {
            lock (_gate)
            {
                var decode = _vqDecode ?? TimeSpan.Zero;
                return new StageCosts(_vqEncode ?? decode, _fine ?? TimeSpan.Zero, decode);
            }
        }
    }

    /// <summary>The shortest times of each stage so far; zero for one that never ran. That of a label is <see cref="FastestLabel"/>.</summary>
    public StageCosts Fastest
    {
        get
        {
            lock (_gate)
            {
                return _fastest;
            }
        }
    }

    /// <summary>Returns the time in which each image usually gets one label at least; zero if nothing was measured.</summary>
    /// <param name="rows">Rows that images occupy, at least 1.</param>
    /// <param name="all">Rows of a step.</param>
    public TimeSpan UsualLabel(int rows, int all) => Label(rows, all, static (times, rows) => times.Usual(rows));

    /// <summary>Returns the shortest time in which each image has got one label; zero if nothing was measured.</summary>
    /// <inheritdoc cref="UsualLabel"/>
    public TimeSpan FastestLabel(int rows, int all) => Label(rows, all, static (times, rows) => times.Fastest(rows));

    /// <summary>Adds the measurements of a step.</summary>
    public void Measure(StepReport step)
    {
        lock (_gate)
        {
            if (step.Rows > 0)
            {
                MeasureLabels(step.Rows, step.DecodeTime, step.Decode);
            }

            Measure(ref _vqEncode, step.VqEncode);
            Measure(ref _fine, step.Fine);
            Measure(ref _vqDecode, step.VqDecode);
            _fastest = new StageCosts(
                Shorter(_fastest.VqEncode, step.VqEncode),
                Shorter(_fastest.Fine, step.Fine),
                Shorter(_fastest.VqDecode, step.VqDecode));
        }
    }

    /// <param name="decode">A step that names no images has drawn one label of each.</param>
    private void MeasureLabels(int rows, TimeSpan elapsed, DecodeWork decode)
    {
        var (images, positions) = decode.Images == 0 ? (1, 1) : (decode.Images, decode.Positions);
        var labels = decode.Images == 0 ? 1 : (double)decode.Labels / images;
        var occupied = Math.Max(1, (int)Math.Round((double)rows * images / positions));
        _labels += labels;
        _mostRows = Math.Max(_mostRows, rows);
        _labelTimes.Measure(occupied, elapsed, labels, isDrafted: positions > images);
        _stepTimes.Measure(rows, elapsed, labels: 1, isDrafted: false);
    }

    /// <summary>
    /// Returns the time of a label. If none was measured while so many rows were occupied, it takes as long as with fewer at least. If windows only have rows
    /// that no image occupies, it also takes a part of the step at least: as many positions of an image as fit into the step besides others.
    /// </summary>
    private TimeSpan Label(int rows, int all, Func<TimesByRows, int, TimeSpan> time)
    {
        lock (_gate)
        {
            var label = time(_labelTimes, rows);
            var isKnown = _labelTimes.Has(rows) || _mostRows > all; // with more rows than images can occupy, a full batch has windows too
            var part = isKnown ? TimeSpan.Zero : time(_stepTimes, rows) * ((double)Math.Min(rows, all) / all);
            return label > part ? label : part;
        }
    }

    private static TimeSpan Shorter(TimeSpan before, StageWork work) =>
        work.Images > 0 && work.Elapsed / work.Images is var measured && (before == TimeSpan.Zero || measured < before) ? measured : before;

    private static void Measure(ref TimeSpan? average, StageWork work)
    {
        if (work.Images > 0)
        {
            var measured = work.Elapsed / work.Images;
            average = average is { } before ? before + ((measured - before) * Smoothing) : measured;
        }
    }
}

/// <summary>Estimated device time of each stage after the labels are drawn, or before that.</summary>
/// <param name="VqEncode">VQ encode of one picture.</param>
/// <param name="Fine">The fine pass of one image; zero without a fine stage.</param>
/// <param name="VqDecode">VQ decode of one image.</param>
internal readonly record struct StageCosts(TimeSpan VqEncode, TimeSpan Fine, TimeSpan VqDecode)
{
    /// <summary>Returns the cost of an image without its decode steps.</summary>
    public TimeSpan LaterStages(ImageSpecification image) => (image.HasPicture ? VqEncode : TimeSpan.Zero) + Fine + VqDecode;
}
