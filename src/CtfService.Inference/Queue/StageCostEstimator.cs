using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// Estimates the device time of each stage from the measurements of every step; the cost of an image follows from its kind. The work of a stage is
/// constant, so a moving average is sufficient. The devices of an instance share one. Thread-safe.
/// </summary>
internal sealed class StageCostEstimator
{
    /// <summary>Weight of the latest measurement; about the last eight measurements count.</summary>
    private const double Smoothing = 0.25;

    private readonly Lock _gate = new();
    private long _decodeSteps;
    private TimeSpan? _decodeStep;
    private TimeSpan? _vqEncode;
    private TimeSpan? _fine;
    private TimeSpan? _vqDecode;
    private readonly StepTimes _steps = new();
    private StageCosts _fastest; // zero for a stage that never ran

    /// <summary>Number of decode steps so far, of all devices.</summary>
    public long DecodeSteps => Volatile.Read(ref _decodeSteps);

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
                return new StageCosts(_decodeStep ?? TimeSpan.Zero, _vqEncode ?? decode, _fine ?? TimeSpan.Zero, decode);
            }
        }
    }

    /// <summary>The shortest times of each stage so far; zero for one that never ran. Those of decode steps are in <see cref="FastestStep"/>.</summary>
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

    /// <inheritdoc cref="StepTimes.Usual"/>
    public TimeSpan UsualStep(int rows)
    {
        lock (_gate)
        {
            return _steps.Usual(rows);
        }
    }

    /// <inheritdoc cref="StepTimes.Fastest"/>
    public TimeSpan FastestStep(int rows)
    {
        lock (_gate)
        {
            return _steps.Fastest(rows);
        }
    }

    /// <summary>Adds the measurements of a step.</summary>
    public void Measure(StepReport step)
    {
        lock (_gate)
        {
            if (step.Rows > 0)
            {
                _decodeSteps++;
                _steps.Measure(step.Rows, step.DecodeTime);
            }

            Measure(ref _decodeStep, new StageWork(step.Rows > 0 ? 1 : 0, step.DecodeTime));
            Measure(ref _vqEncode, step.VqEncode);
            Measure(ref _fine, step.Fine);
            Measure(ref _vqDecode, step.VqDecode);
            _fastest = new StageCosts(
                TimeSpan.Zero,
                Shorter(_fastest.VqEncode, step.VqEncode),
                Shorter(_fastest.Fine, step.Fine),
                Shorter(_fastest.VqDecode, step.VqDecode));
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

/// <summary>Estimated device time of each stage.</summary>
/// <param name="DecodeStep">One decode step, independent of its rows.</param>
/// <param name="VqEncode">VQ encode of one picture.</param>
/// <param name="Fine">The fine pass of one image; zero without a fine stage.</param>
/// <param name="VqDecode">VQ decode of one image.</param>
internal readonly record struct StageCosts(TimeSpan DecodeStep, TimeSpan VqEncode, TimeSpan Fine, TimeSpan VqDecode)
{
    /// <summary>Returns the cost of an image without its decode steps.</summary>
    public TimeSpan LaterStages(ImageSpecification image) => (image.HasPicture ? VqEncode : TimeSpan.Zero) + Fine + VqDecode;
}
