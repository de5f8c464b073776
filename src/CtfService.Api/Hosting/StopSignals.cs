using System.Runtime.InteropServices;

namespace CtfService.Api.Hosting;

/// <summary>
/// Handles Ctrl+C, SIGQUIT and SIGTERM. The first signal lets the host finish its work, including its startup: a cancelled startup would end in an
/// exception and an error in the log. The second signal ends the process at once, as supervisors and operators expect. Thread-safe.
/// </summary>
/// <remarks>Replaces the lifetime of the host, which cancels the startup.</remarks>
/// <param name="exit">Ends the process with an exit code.</param>
internal sealed class StopSignals(Action<int> exit) : IHostLifetime, IDisposable
{
    /// <summary>Exit code by shell convention: 128 plus the number of the signal.</summary>
    private const int SignalExitCode = 128;

    private readonly CancellationTokenSource _first = new(); // not disposed: a signal may be on its way
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _received;

    /// <summary>Takes over the signals until disposed, so that none ends the process by itself.</summary>
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

    /// <summary>Stops the host at the first signal. A signal that arrived before the host started stops it as soon as it has started.</summary>
    public void AttachTo(IHostApplicationLifetime host) => host.ApplicationStarted.Register(() => _first.Token.Register(host.StopApplication));

    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    /// <param name="signal">Number of the signal.</param>
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
