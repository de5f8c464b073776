namespace CtfService.Inference.Telemetry;

/// <summary>One image's way through the <see cref="ImageFlow"/>. Any thread; ending twice is ending once.</summary>
internal sealed class ImagePass
{
    private readonly ImageFlow _flow;

    internal ImagePass(ImageFlow flow, int rows, long enteredAt)
    {
        (_flow, Rows, EnteredAt) = (flow, rows, enteredAt);
        Place = new LinkedListNode<ImagePass>(this);
    }

    public int Rows { get; }

    /// <summary>Timestamp of the flow's clock.</summary>
    internal long EnteredAt { get; }

    /// <summary>In the line of those that wait.</summary>
    internal LinkedListNode<ImagePass> Place { get; }

    /// <summary>The flow's, under its lock.</summary>
    internal ImagePlace Where { get; set; }

    /// <summary>The image goes to another place. Returns where it was; null if it did not move.</summary>
    public ImagePlace? MoveTo(ImagePlace place) => _flow.Move(this, place);
}

/// <summary>Where an image is.</summary>
internal enum ImagePlace
{
    Waiting,
    Running,
    Ended,
}
