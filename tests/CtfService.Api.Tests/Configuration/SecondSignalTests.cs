using CtfService.Api.Configuration;

namespace CtfService.Api.Tests.Configuration;

public sealed class SecondSignalTests : IDisposable
{
    private readonly List<int> _exitCodes = [];
    private readonly SecondSignal _signals;

    public SecondSignalTests()
    {
        _signals = new SecondSignal(_exitCodes.Add);
    }

    public void Dispose() => _signals.Dispose();

    [Theory]
    [InlineData(15, 15, 143)]
    [InlineData(2, 2, 130)]
    [InlineData(2, 15, 143)]
    public void Received_ASecondSignal_EndsTheProcessWithItsNumber(int first, int second, int exitCode)
    {
        _signals.Received(first);
        Assert.Empty(_exitCodes);

        _signals.Received(second);

        Assert.Equal([exitCode], _exitCodes);
    }
}
