using System.Runtime.InteropServices;
using CtfService.Core.Generation;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// Counts the images of each flow that wait and run, without those of bulk jobs. Each job reports its own transitions, so a flow is active until its last image
/// ends, however it ends; then it is forgotten. Thread-safe.
/// </summary>
internal sealed class FlowLoads
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, FlowLoad> _flows = [];

    /// <summary>Number of active flows.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _flows.Count;
            }
        }
    }

    /// <summary>Returns the active flows as they are now.</summary>
    public IReadOnlyList<FlowLoad> Read()
    {
        lock (_gate)
        {
            return [.. _flows.Values];
        }
    }

    /// <summary>Returns what a flow has now.</summary>
    public FlowLoad Of(ImageFlow flow)
    {
        lock (_gate)
        {
            return _flows.TryGetValue(flow.Name, out var load) ? load with { Weight = flow.Weight } : new FlowLoad(flow.Name, flow.Weight);
        }
    }

    /// <summary>Counts the transition of an image.</summary>
    /// <param name="from">Null if it was admitted.</param>
    public void Moved(InferenceJob job, ImageState? from, ImageState to)
    {
        lock (_gate)
        {
            ref var load = ref CollectionsMarshal.GetValueRefOrAddDefault(_flows, job.Flow.Name, out var isKnown);
            load = (isKnown ? load : new FlowLoad(job.Flow.Name, job.Flow.Weight)) with { Weight = job.Flow.Weight };
            load = from is { } before ? load.With(job, before, -1) : load;
            load = to == ImageState.Ended ? load : load.With(job, to, 1);
            if (load.Images == 0)
            {
                _flows.Remove(job.Flow.Name);
            }
        }
    }

    /// <summary>
    /// Returns how far the rows of a flow exceed its fair share of all rows, 0 if they do not. The share is that of its weight among the active flows.
    /// </summary>
    /// <param name="isDrawn">Whether images with decode steps are compared, or the others.</param>
    public double Excess(ImageFlow flow, bool isDrawn, int rows)
    {
        lock (_gate)
        {
            return _flows.TryGetValue(flow.Name, out var load) ? Math.Max(0, load.Rows(isDrawn) - Share(load, isDrawn, rows)) : 0;
        }
    }

    /// <summary>
    /// Returns true if an image may run before those of the flows that crowd the devices: its flow has at most its fair share of all rows, another one has more
    /// than that, and this image does not get its flow more than its turn.
    /// </summary>
    /// <param name="rows">Number of rows of all devices.</param>
    /// <param name="line">The line in which it waits.</param>
    public bool MayOvertake(InferenceJob job, int rows, FairLine line)
    {
        lock (_gate)
        {
            var isDrawn = job.Specification.Rows > 0;
            if (_flows.Count < 2 || !_flows.TryGetValue(job.Flow.Name, out var own) || own.Rows(isDrawn) > Share(own, isDrawn, rows))
            {
                return false;
            }

            var isCrowded = false;
            foreach (var (name, other) in _flows)
            {
                if (other.Rows(isDrawn) > Share(other, isDrawn, rows))
                {
                    isCrowded = true;
                    if (line.TimeOf(name) < line.TimeAfter(job))
                    {
                        return false;
                    }
                }
            }

            return isCrowded;
        }
    }

    /// <summary>Returns true if images of a flow start at once, because other flows are active and it stays within its fair share of all rows.</summary>
    /// <param name="more">Rows of further images with decode steps.</param>
    public bool StaysModest(ImageFlow flow, int more, int rows)
    {
        lock (_gate)
        {
            var (weights, own, isShared) = ((double)flow.Weight, more, false);
            foreach (var (name, load) in _flows)
            {
                if (name == flow.Name)
                {
                    own += load.Rows(isDrawn: true);
                }
                else if (load.Rows(isDrawn: true) > 0)
                {
                    (weights, isShared) = (weights + load.Weight, true);
                }
            }

            return isShared && own <= rows * flow.Weight / weights;
        }
    }

    /// <summary>Returns the rows that a flow gets if all active flows of the kind want as many as they can get.</summary>
    private double Share(FlowLoad flow, bool isDrawn, int rows)
    {
        var weights = 0.0;
        foreach (var (_, other) in _flows)
        {
            weights += other.Rows(isDrawn) > 0 ? other.Weight : 0;
        }

        return rows * flow.Weight / weights;
    }
}

/// <summary>The images of one flow.</summary>
/// <param name="Name">Name of the flow.</param>
/// <param name="Weight">As of its latest image.</param>
internal readonly record struct FlowLoad(string Name, int Weight)
{
    /// <summary>Number of images that wait or run.</summary>
    public int Images { get; private init; }

    /// <summary>Number of images that wait.</summary>
    public int Waiting { get; private init; }

    /// <summary>Number of interactive images with decode steps that wait.</summary>
    public int WaitingDrawn { get; private init; }

    /// <summary>Rows of the interactive images with decode steps that wait or run.</summary>
    private int Drawn { get; init; }

    /// <summary>Number of interactive images without decode steps that wait or run.</summary>
    private int Layouts { get; init; }

    /// <summary>Rows of the interactive images of a kind, which wait or run. An image without decode steps counts as one row of its kind.</summary>
    public int Rows(bool isDrawn) => isDrawn ? Drawn : Layouts;

    /// <summary>Returns the number of images that start until so many of this flow have started: those of the others have their turns between them.</summary>
    /// <param name="all">The active flows.</param>
    public int TurnsWith(IReadOnlyList<FlowLoad> all, int images)
    {
        var (name, weight) = (Name, Weight);
        return images + all.Where(other => other.Name != name).Sum(other => Math.Min(other.Waiting, (int)Math.Ceiling((double)images * other.Weight / weight)));
    }

    internal FlowLoad With(InferenceJob job, ImageState state, int change)
    {
        var (rows, counts) = (job.Specification.Rows, job.Priority <= ImagePriority.Interactive);
        return this with
        {
            Images = Images + change,
            Waiting = Waiting + (state == ImageState.Waiting ? change : 0),
            WaitingDrawn = WaitingDrawn + (state == ImageState.Waiting && counts && job.Specification.DrawsWholeLayout ? change : 0),
            Drawn = Drawn + (counts ? change * rows : 0),
            Layouts = Layouts + (counts && rows == 0 ? change : 0),
        };
    }
}
