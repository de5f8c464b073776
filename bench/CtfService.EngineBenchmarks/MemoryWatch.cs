using CtfService.Model.Memory;
using static TorchSharp.torch;

namespace CtfService.EngineBenchmarks;

/// <summary>
/// Watches the memory that is in use while something runs: the working set of this process on the CPU, all used memory of a CUDA device. Reads it every 20 ms,
/// so that shorter peaks may be missed.
/// </summary>
public sealed class MemoryWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly DeviceMemory _device;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private long _peak;

    public MemoryWatch(Device device)
    {
        _device = new DeviceMemory(device);
        Start = Now;
        _peak = Start;
        _thread = new Thread(Watch) { IsBackground = true, Name = "memory" };
        _thread.Start();
    }

    /// <summary>Bytes in use when the watch began.</summary>
    public long Start { get; }

    /// <summary>Most bytes in use since then.</summary>
    public long Peak => Interlocked.Read(ref _peak);

    /// <summary>Bytes in use now; 0 if the device does not report its memory.</summary>
    public long Now => _device.IsCpu ? Environment.WorkingSet : _device.Read() is { } memory ? memory.Total - memory.Free : 0;

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }

    private void Watch()
    {
        while (!_stop.Token.WaitHandle.WaitOne(Interval))
        {
            Interlocked.Exchange(ref _peak, Math.Max(Interlocked.Read(ref _peak), Now));
        }
    }
}
