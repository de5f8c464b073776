using CtfService.Model.Memory;

namespace CtfService.Model.Generation;

/// <summary>The parts of a model, freed together, the last one first: it may stand on those before it.</summary>
internal sealed class OwnedParts : IDisposable
{
    private readonly Stack<IDisposable> _parts = new();

    public TPart Add<TPart>(TPart part)
        where TPart : IDisposable
    {
        _parts.Push(part);
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
