using CtfService.Api.Configuration;
using CtfService.Api.Hosting;
using CtfService.Api.Idempotency;
using CtfService.Api.Memory;

namespace CtfService.Api.Tests.Memory;

public sealed class MemoryBudgetTests
{
    private const long Mebibyte = 1 << 20;

    [Theory]
    [InlineData(1_024)]
    [InlineData(24_000)]
    public void Fit_RoomForAll_ReducesNothing(long mebibytes)
    {
        var budget = new MemoryBudget(mebibytes * Mebibyte);
        var (limits, idempotency) = (new LimitsOptions(), new IdempotencyOptions());

        budget.Require();

        Assert.Equal(limits, budget.Fit(limits));
        Assert.Equal(idempotency, budget.Fit(idempotency));
        Assert.Empty(MemoryBudget.Reductions((limits, idempotency), (budget.Fit(limits), budget.Fit(idempotency))));
    }

    [Theory]
    [InlineData(320)]
    [InlineData(512)]
    [InlineData(800)]
    public void Fit_SmallContainer_LeavesRoomForTheProgram(long mebibytes)
    {
        var budget = new MemoryBudget(mebibytes * Mebibyte);
        var (limits, idempotency) = (new LimitsOptions(), new IdempotencyOptions());

        budget.Require();
        var (fitting, kept) = (budget.Fit(limits), budget.Fit(idempotency));

        var held = (12L * fitting.MaxUploadPixels) + fitting.MaxUploadBufferBytes + fitting.MaxUnsentBytes + kept.MaxBytes;
        Assert.InRange(held, 60 * Mebibyte, (mebibytes - 256) * Mebibyte);
        Assert.True((2L * fitting.MaxUploadBytes) + LimitsOptions.UploadMarginBytes <= fitting.MaxUploadBufferBytes);
        Assert.Contains(
            MemoryBudget.Reductions((limits, idempotency), (fitting, kept)),
            line => line == $"Limits:MaxUploadPixels is {fitting.MaxUploadPixels} instead of {limits.MaxUploadPixels}");
    }

    [Fact]
    public void Require_TooSmall_SaysHowMuchIsNeededAndHowToRaiseIt()
    {
        var refused = Assert.Throws<StartRefusedException>(new MemoryBudget(256 * Mebibyte).Require);

        Assert.Contains("256 MiB of memory; expected at least 320", refused.Message, StringComparison.Ordinal);
        Assert.Contains("MemoryMax=", refused.Message, StringComparison.Ordinal);
    }
}
