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

    public void Started() => _flow.Move(this, ImagePlace.Running);

    /// <summary>It did not fit beside the others and waits again.</summary>
    public void PutBack() => _flow.Move(this, ImagePlace.Waiting);

    public void Ended() => _flow.Move(this, ImagePlace.Ended);
}

/// <summary>Where an image is.</summary>
internal enum ImagePlace
{
    Waiting,
    Running,
    Ended,
}
