using System.Diagnostics.Metrics;
using CtfService.Api.Configuration;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Bodies;

/// <summary>
/// All responses that clients have not read yet, the longest waiting first, with the pictures that are held for them. If these exceed the limit, the
/// slowest client is aborted. Thread-safe.
/// </summary>
internal sealed class UnsentResponses
{
    private readonly Lock _access = new();
    private readonly LinkedList<Sending> _waiting = [];
    private readonly long _limit;
    private long _bytes;

    public UnsentResponses(LimitsOptions limits, IMeterFactory meters)
    {
        _limit = limits.MaxUnsentBytes;
        var meter = meters.Create(InferenceMetrics.MeterName, ThisProgram.Version);
        meter.CreateObservableGauge("ctf.answers.unsent", () => Bytes, "By", "Pictures held for responses that clients have not read yet.");
    }

    /// <summary>Total size of the held pictures in bytes.</summary>
    public long Bytes
    {
        get
        {
            lock (_access)
            {
                return _bytes;
            }
        }
    }

    public void Add(Sending response)
    {
        var slowest = new List<Sending>();
        lock (_access)
        {
            _waiting.AddLast(response);
            _bytes += response.Bytes;
            while (_bytes > _limit && _waiting.First!.Value is { } first && first != response)
            {
                Take(first);
                slowest.Add(first);
            }
        }

        slowest.ForEach(reader => reader.Abort());
    }

    public void Remove(Sending response)
    {
        lock (_access)
        {
            Take(response);
        }
    }

    private void Take(Sending response)
    {
        if (_waiting.Remove(response))
        {
            _bytes -= response.Bytes;
        }
    }
}
