using System.Runtime.InteropServices;

namespace CtfService.Api.Configuration;

/// <summary>
/// The first SIGTERM or Ctrl+C lets the host finish what it has begun; a second one ends the process at once, as supervisors and impatient operators expect. Any thread.
/// </summary>
/// <param name="exit">Ends the process with an exit code.</param>
internal sealed class SecondSignal(Action<int> exit) : IDisposable
{
    /// <summary>A shell's convention: 128 and the number of the signal.</summary>
    private const int SignalExitCode = 128;

    private readonly List<IDisposable> _registrations = [];
    private int _received;

    /// <summary>From here on signals are counted, until it is disposed.</summary>
    public static SecondSignal Watch()
    {
        var signals = new SecondSignal(Environment.Exit);
        signals._registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => signals.Received(signal: 15)));
        signals._registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => signals.Received(signal: 2)));
        return signals;
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    /// <param name="signal">Its number.</param>
    internal void Received(int signal)
    {
        if (Interlocked.Increment(ref _received) > 1)
        {
            exit(SignalExitCode + signal);
        }
    }
}
