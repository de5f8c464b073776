using System.Collections.Concurrent;
using CtfService.Core.Models;

namespace CtfService.TestSupport;

/// <summary>Returns one fake generator. Tests can hold loads at a gate or make them fail.</summary>
public sealed class FakeImageGeneratorFactory : IImageGeneratorFactory
{
    private readonly ConcurrentQueue<Action<CancellationToken>> _beforeNext = new();

    public FakeImageGenerator Generator { get; init; } = new(FakeModels.Fruits);

    /// <summary>Number of loads so far, including failed ones.</summary>
    public int Loads { get; private set; }

    /// <summary>Holds the next load at the returned gate. Repeated calls apply to successive loads.</summary>
    public Gate HoldNextLoad()
    {
        var gate = new Gate();
        _beforeNext.Enqueue(gate.Pass);
        return gate;
    }

    /// <summary>Makes the next load fail. Repeated calls apply to successive loads.</summary>
    public void FailNextLoad(Exception error) => _beforeNext.Enqueue(_ => throw error);

    public IImageGenerator Load(CancellationToken cancellation)
    {
        Loads++;
        if (_beforeNext.TryDequeue(out var before))
        {
            before(cancellation);
        }

        return Generator;
    }
}
