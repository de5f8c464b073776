namespace CtfService.Inference.Queue;

/// <summary>
/// The share of the queue that a flow may fill: as many waiting images as places stay free, times its weight (dynamic thresholds; Choudhury and Hahne 1998). A
/// single flood fills half of the queue, two of them a third each, so another flow finds room.
/// </summary>
/// <param name="Own">The flow, before its request.</param>
/// <param name="Factor">The part of the free places that its waiting images may equal: its weight, divided by the mean weight of the flows that wait.</param>
internal readonly record struct QueueShare(FlowLoad Own, double Factor)
{
    /// <param name="all">The active flows.</param>
    public static QueueShare Of(FlowLoad own, IReadOnlyList<FlowLoad> all)
    {
        var others = all.Where(flow => flow.Waiting > 0 && flow.Name != own.Name).ToList();
        var mean = (own.Weight + others.Sum(flow => (double)flow.Weight)) / (1 + others.Count);
        return new QueueShare(own, own.Weight / mean);
    }

    /// <summary>False for the only flow of a service without keys, and for a flow without waiting images.</summary>
    public bool IsLimited => Own.Name != ImageFlow.Common.Name && Own.Waiting > 0;

    /// <summary>
    /// Returns the number of images that the flow may add. One without waiting images may always fill what is free, so that none waits for its first place.
    /// </summary>
    /// <param name="free">Number of free places.</param>
    public int Room(int free) => IsLimited ? Math.Clamp((int)(((Factor * free) - Own.Waiting) / (1 + Factor)), 0, free) : free;

    /// <summary>Returns how many waiting images of the flow must start before it may add more.</summary>
    /// <param name="images">Number of images to add.</param>
    /// <param name="free">Number of free places.</param>
    public int MustStart(int images, int free) =>
        Math.Clamp((int)Math.Ceiling((Own.Waiting + images - (Factor * (free - images))) / (1 + Factor)), 1, Math.Max(1, Own.Waiting));
}
