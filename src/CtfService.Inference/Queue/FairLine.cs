namespace CtfService.Inference.Queue;

/// <summary>
/// A line of waiting images of several flows. Flows share the starts by weight, counted in rows (start-time fair queueing; Goyal, Vin and Cheng 1996): each
/// has a virtual time, which a start advances by rows/weight, and the flow with the lowest one is next. A flow that had no images comes in at the time of the
/// line, so that it cannot save up idle time. Plain state, guarded by the lock of the scheduler.
/// </summary>
/// <param name="takesTurns">Order within a flow; see <see cref="WaitingLine"/>.</param>
internal sealed class FairLine(bool takesTurns)
{
    /// <summary>
    /// Rows that a flow which comes in is ahead of the line: two images with guidance, so that a flow with a small weight need not wait for others first.
    /// </summary>
    internal const int Credit = 4;

    /// <summary>Number of flows without images that are kept at least, before those that no longer matter are looked for.</summary>
    private const int Kept = 32;

    private readonly Dictionary<string, FlowLine> _flows = [];
    private readonly List<FlowLine> _waiting = []; // those with images
    private double _now; // virtual time at which the latest image started; never decreases

    public bool IsEmpty => _waiting.Count == 0;

    /// <summary>Number of images.</summary>
    public int Count { get; private set; }

    /// <summary>Number of flows whose virtual time is known.</summary>
    public int Flows => _flows.Count;

    /// <summary>The next image; null if the line is empty.</summary>
    public InferenceJob? First => Next?.Images.First;

    private FlowLine? Next
    {
        get
        {
            FlowLine? next = null;
            foreach (var flow in _waiting)
            {
                next = next is null || flow.Time < next.Time ? flow : next;
            }

            return next;
        }
    }

    /// <summary>Returns the virtual time of a flow; without a bound if it is unknown, because it has used less than its share.</summary>
    public double TimeOf(string flow) => _flows.TryGetValue(flow, out var line) ? line.Time : double.NegativeInfinity;

    /// <summary>Returns the virtual time that the flow of a waiting image will have after its start.</summary>
    public double TimeAfter(InferenceJob job) => _flows[job.Flow.Name].Time + Cost(job);

    public void Add(InferenceJob job) => Join(job).Images.Add(job);

    /// <summary>Puts an image that was taken before all others of its flow, which gets the cost of the start back.</summary>
    public void PutBack(InferenceJob job)
    {
        if (_flows.TryGetValue(job.Flow.Name, out var known))
        {
            known.Time -= Cost(job);
        }

        Join(job).Images.PutBack(job);
    }

    /// <summary>Removes and returns the first image. The line must not be empty.</summary>
    public InferenceJob Take()
    {
        var flow = Next!;
        var job = flow.Images.Take();
        _now = Math.Max(_now, flow.Time);
        flow.Time += Cost(job);
        Count--;
        if (flow.Images.IsEmpty)
        {
            _waiting.Remove(flow);
        }

        return job;
    }

    /// <summary>Removes the images that match.</summary>
    /// <returns>The number of images.</returns>
    /// <inheritdoc cref="WaitingLine.RemoveAll"/>
    public int RemoveAll(Predicate<InferenceJob> match)
    {
        var removed = 0;
        foreach (var flow in _waiting)
        {
            removed += flow.Images.RemoveAll(match);
        }

        if (removed > 0)
        {
            _waiting.RemoveAll(static flow => flow.Images.IsEmpty);
            Count -= removed;
        }

        return removed;
    }

    /// <summary>Removes and returns all images.</summary>
    public List<InferenceJob> TakeAll()
    {
        List<InferenceJob> all = [.. _waiting.SelectMany(flow => flow.Images.TakeAll())];
        _waiting.Clear();
        Count = 0;
        return all;
    }

    /// <summary>Returns the line of a flow, whose images are one more.</summary>
    private FlowLine Join(InferenceJob job)
    {
        Count++;
        if (!_flows.TryGetValue(job.Flow.Name, out var flow))
        {
            ForgetIdle();
            flow = new FlowLine(takesTurns);
            _flows.Add(job.Flow.Name, flow);
        }

        if (flow.Images.IsEmpty)
        {
            (flow.Weight, flow.Time) = (job.Flow.Weight, Math.Max(flow.Time, _now - ((double)Credit / job.Flow.Weight)));
            _waiting.Add(flow);
        }

        return flow;
    }

    /// <summary>Forgets flows that would come in as new ones do.</summary>
    private void ForgetIdle()
    {
        if (_flows.Count >= Kept + (2 * _waiting.Count))
        {
            foreach (var (name, flow) in _flows)
            {
                if (flow.Images.IsEmpty && flow.Time <= _now - ((double)Credit / flow.Weight))
                {
                    _flows.Remove(name);
                }
            }
        }
    }

    private static double Cost(InferenceJob job) => (double)Math.Max(1, job.Specification.Rows * job.Specification.Rounds) / job.Flow.Weight;

    private sealed class FlowLine(bool takesTurns)
    {
        public WaitingLine Images { get; } = new(takesTurns);

        public int Weight { get; set; }

        public double Time { get; set; } = double.NegativeInfinity;
    }
}
