using System.Collections.Concurrent;
using CtfService.Core.Models;

namespace CtfService.TestSupport;

/// <summary>Hands out one fake generator; loads can be held at a gate or made to fail, one after another.</summary>
public sealed class FakeImageGeneratorFactory : IImageGeneratorFactory
{
    private readonly ConcurrentQueue<Action<CancellationToken>> _beforeNext = new();

    public FakeImageGenerator Generator { get; init; } = new(FakeModels.Fruits);

    /// <summary>Loads asked for so far, failed ones too.</summary>
    public int Loads { get; private set; }

    /// <summary>The next load nobody has claimed yet stops at this gate.</summary>
    public Gate HoldNextLoad()
    {
        var gate = new Gate();
        _beforeNext.Enqueue(gate.Pass);
        return gate;
    }

    /// <summary>The next load nobody has claimed yet fails.</summary>
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
