using CtfService.Training.Data.Formats;

namespace CtfService.Training.Tests.Data.Formats;

public sealed class WatchdogTests
{
    [Fact]
    public void Run_CallWithoutProgress_IsGivenUp()
    {
        using var never = new ManualResetEventSlim();
        bool Hang()
        {
            never.Wait();
            return true;
        }

        Assert.Throws<InvalidDataException>(() => new Watchdog(TimeSpan.FromMilliseconds(1)).Run(Hang, () => 0));
        never.Set();
    }

    [Fact]
    public void Run_SlowCallWithProgress_ReturnsItsResult()
    {
        using var finish = new ManualResetEventSlim();
        var asked = 0;

        var result = new Watchdog(TimeSpan.FromMilliseconds(1)).Run(
            () =>
            {
                finish.Wait();
                return 7;
            },
            () =>
            {
                if (++asked == 5)
                {
                    finish.Set();
                }

                return asked;
            });

        Assert.Equal(7, result);
    }

    [Fact]
    public void Run_CallThatFails_ThrowsItsException() =>
        Assert.Throws<FormatException>(() => new Watchdog(TimeSpan.FromMinutes(1)).Run<int>(() => throw new FormatException(), () => 0));
}
