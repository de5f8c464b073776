using CtfService.Model.Memory;

namespace CtfService.Model.Loading;

/// <summary>The parts of a model, freed together, the last one first: it may stand on those before it.</summary>
/// <param name="cancellation">Ends the load; looked at after each part.</param>
internal sealed class OwnedParts(CancellationToken cancellation) : IDisposable
{
    private readonly Stack<IDisposable> _parts = new();

    /// <summary>For parts that take long, to be looked at while they are loaded.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <exception cref="OperationCanceledException">Cancelled; the part is owned all the same.</exception>
    public TPart Add<TPart>(TPart part)
        where TPart : IDisposable
    {
        _parts.Push(part);
        cancellation.ThrowIfCancellationRequested();
        return part;
    }

    public void Dispose()
    {
        while (_parts.TryPop(out var part))
        {
            part.Dispose();
        }

        NativeHeap.GiveBack();
    }
}
