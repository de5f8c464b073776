using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>
/// Device time of each kind of work, measured step by step: what an image costs follows from its kind. Work of one kind is fixed, so a moving average says
/// enough. Written by the worker, read by any thread.
/// </summary>
internal sealed class StageCostEstimator
{
    /// <summary>Weight of the newest measurement; about the last eight count.</summary>
    private const double Smoothing = 0.25;

    private readonly Lock _gate = new();
    private long _decodeSteps;
    private TimeSpan? _decodeStep;
    private TimeSpan? _vqEncode;
    private TimeSpan? _fine;
    private TimeSpan? _vqDecode;

    /// <summary>How many there were.</summary>
    public long DecodeSteps => Volatile.Read(ref _decodeSteps);

    /// <summary>
    /// What was measured so far. Zero for a kind that never ran; VQ encode, which is VQ decode the other way round, counts as much as that until it has.
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

    public void Measure(StepReport step)
    {
        lock (_gate)
        {
            _decodeSteps += step.Rows > 0 ? 1 : 0;
            Measure(ref _decodeStep, new StageWork(step.Rows > 0 ? 1 : 0, step.DecodeTime));
            Measure(ref _vqEncode, step.VqEncode);
            Measure(ref _fine, step.Fine);
            Measure(ref _vqDecode, step.VqDecode);
        }
    }

    private static void Measure(ref TimeSpan? average, StageWork work)
    {
        if (work.Images > 0)
        {
            var measured = work.Elapsed / work.Images;
            average = average is { } before ? before + ((measured - before) * Smoothing) : measured;
        }
    }
}

/// <summary>Device time by kind of work.</summary>
/// <param name="DecodeStep">One decode step, whatever its rows.</param>
/// <param name="VqEncode">Of one picture.</param>
/// <param name="Fine">The fine pass of one image; zero without a fine stage.</param>
/// <param name="VqDecode">Of one image.</param>
internal readonly record struct StageCosts(TimeSpan DecodeStep, TimeSpan VqEncode, TimeSpan Fine, TimeSpan VqDecode)
{
    /// <summary>Everything but the decode steps of an image.</summary>
    public TimeSpan LaterStages(ImageSpecification image) => (image.Layout is LayoutSource.Encoded ? VqEncode : TimeSpan.Zero) + Fine + VqDecode;
}
