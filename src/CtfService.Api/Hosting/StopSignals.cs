using System.Runtime.InteropServices;

namespace CtfService.Api.Hosting;

/// <summary>
/// Ctrl+C, SIGQUIT and SIGTERM. The first lets the host finish what it has begun, its own start too: a start that is cancelled ends in an exception and a
/// failure in the log. A second one ends the process at once, as supervisors and impatient operators expect. Any thread.
/// </summary>
/// <remarks>Takes the place of the host's own lifetime, which cancels a start.</remarks>
/// <param name="exit">Ends the process with an exit code.</param>
internal sealed class StopSignals(Action<int> exit) : IHostLifetime, IDisposable
{
    /// <summary>A shell's convention: 128 and the number of the signal.</summary>
    private const int SignalExitCode = 128;

    private readonly CancellationTokenSource _first = new(); // not disposed: a signal may be on its way
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _received;

    /// <summary>From here on no signal ends the process by itself, until it is disposed.</summary>
    public static StopSignals Watch()
    {
        var signals = new StopSignals(Environment.Exit);
        foreach (var (signal, number) in new[] { (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15) })
        {
            signals._registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                signals.Received(number);
            }));
        }

        return signals;
    }

    /// <summary>From now on the first signal stops the host; one that came before it has started, as soon as it has.</summary>
    public void AttachTo(IHostApplicationLifetime host) => host.ApplicationStarted.Register(() => _first.Token.Register(host.StopApplication));

    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    /// <param name="signal">Its number.</param>
    internal void Received(int signal)
    {
        if (Interlocked.Increment(ref _received) > 1)
        {
            exit(SignalExitCode + signal);
            return;
        }

        _first.Cancel();
    }
}
