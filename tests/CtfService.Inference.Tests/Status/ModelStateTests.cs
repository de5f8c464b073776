using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Status;

public sealed class ModelStateTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ModelState _state;

    public ModelStateTests()
    {
        _state = new ModelState(_clock);
    }

    [Fact]
    public void RequireReady_Loading_SaysSo()
    {
        var error = Assert.Throws<ModelNotReadyException>(() => _state.RequireReady());

        Assert.Contains("loading", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireReady_Ready_ReturnsTheModel()
    {
        _state.BecomeReady(FakeModels.Fruits);

        Assert.Same(FakeModels.Fruits, _state.RequireReady().Model);
        Assert.Equal(_clock.GetUtcNow(), Assert.IsType<ModelStatus.Ready>(_state.Current).Since);
    }

    [Fact]
    public void RequireReady_Failed_SaysSoWithoutTheReason()
    {
        _state.BecomeFailed("/srv/models/fruits/coarse.safetensors is missing.");

        var error = Assert.Throws<ModelNotReadyException>(() => _state.RequireReady());
        Assert.Equal(ModelStatus.Failed.PublicReason, error.Message);
    }

    [Fact]
    public void BecomeReady_AlreadyStopping_StaysStopping()
    {
        _state.BecomeStopping();

        _state.BecomeReady(FakeModels.Fruits);

        Assert.IsType<ModelStatus.Stopping>(_state.Current);
    }

    [Fact]
    public void BecomeStopping_Crashed_StaysCrashed()
    {
        _state.BecomeReady(FakeModels.Fruits);
        _state.BecomeCrashed("defect");

        _state.BecomeStopping();

        Assert.IsType<ModelStatus.Crashed>(_state.Current);
    }
}
