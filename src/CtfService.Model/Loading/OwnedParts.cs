using CtfService.Model.Memory;

namespace CtfService.Model.Loading;

/// <summary>The parts of a model, freed together in reverse order, because later parts use earlier ones.</summary>
/// <param name="cancellation">Cancels the load; checked after each part.</param>
internal sealed class OwnedParts(CancellationToken cancellation) : IDisposable
{
    private readonly Stack<IDisposable> _parts = new();

    /// <summary>Cancels the load. Parts that take long check it while they are loaded.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Adds a part, which is owned from now on.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the part is owned nevertheless.</exception>
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

        NativeHeap.Trim();
    }
}
