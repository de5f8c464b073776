using System.Diagnostics.Metrics;
using CtfService.Api.Configuration;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Bodies;

/// <summary>
/// Every response that waits for its reader, the one that has waited longest first, and the pictures that are held for it. When they take more than they may,
/// the slowest reader is given up. Any thread.
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
        meter.CreateObservableGauge("ctf.answers.unsent", () => Bytes, "By", "Pictures held for answers that wait for their readers.");
    }

    /// <summary>Of all pictures that are held.</summary>
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

        slowest.ForEach(reader => reader.GiveUp());
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
