using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Worker;

/// <summary>A call that the worker makes while it holds images.</summary>
public enum CallPoint
{
    FreeRows,
    Admit,
    Remove,
    Advance,
    LastStep,
    Dispose,
    Metrics,
}

/// <summary>A fake generator that throws once, in a call selected by the test.</summary>
internal sealed class FaultyGenerator(FakeImageGenerator inner) : IImageGenerator
{
    private CallPoint _point;
    private int _callsLeft; // 0 if disarmed

    /// <summary>True if the selected call has thrown.</summary>
    public bool HasThrown { get; private set; }

    public ModelDescription Model => inner.Model;

    public int FreeRows => Passing(CallPoint.FreeRows, () => inner.FreeRows);

    public int ImageCount => inner.ImageCount;

    public StepReport LastStep => Passing(CallPoint.LastStep, () => inner.LastStep);

    /// <summary>Selects the call that throws.</summary>
    /// <param name="call">Number of the call at this point, from 1.</param>
    public void Arm(CallPoint point, int call) => (_point, _callsLeft) = (point, call);

    /// <summary>Lets all further calls succeed.</summary>
    public void Disarm() => _callsLeft = 0;

    /// <summary>Counts a call and throws if it is the selected one.</summary>
    public void Pass(CallPoint point)
    {
        if (point == _point && _callsLeft > 0 && --_callsLeft == 0)
        {
            HasThrown = true;
            throw new InvalidOperationException($"{point} is broken");
        }
    }

    public int RowsBelow(ImagePriority priority) => inner.RowsBelow(priority);

    public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null, ImagePriority priority = ImagePriority.Interactive)
    {
        Pass(CallPoint.Admit);
        inner.Admit(id, image, previews, priority);
    }

    public void Remove(long id) => Passing(CallPoint.Remove, () =>
    {
        inner.Remove(id);
        return true;
    });

    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation) => Passing(CallPoint.Advance, () => inner.Advance(cancellation));

    public void Dispose() => Passing(CallPoint.Dispose, () =>
    {
        inner.Dispose();
        return true;
    });

    private T Passing<T>(CallPoint point, Func<T> call)
    {
        Pass(point);
        return call();
    }
}

/// <summary>Returns one given generator.</summary>
internal sealed class OneGenerator(IImageGenerator generator) : IImageGeneratorFactory
{
    public IImageGenerator Load(CancellationToken cancellation) => generator;
}
