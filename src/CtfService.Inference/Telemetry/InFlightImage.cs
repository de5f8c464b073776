namespace CtfService.Inference.Telemetry;

/// <summary>One image's way through the <see cref="InFlightImages"/>. Any thread; ending twice is ending once.</summary>
internal sealed class InFlightImage
{
    private readonly InFlightImages _inFlight;

    internal InFlightImage(InFlightImages inFlight, int rows, long enteredAt)
    {
        (_inFlight, Rows, EnteredAt) = (inFlight, rows, enteredAt);
        WaitingNode = new LinkedListNode<InFlightImage>(this);
    }

    public int Rows { get; }

    /// <summary>Timestamp of the flow's clock.</summary>
    internal long EnteredAt { get; }

    /// <summary>In the line of those that wait.</summary>
    internal LinkedListNode<InFlightImage> WaitingNode { get; }

    /// <summary>The flow's, under its lock.</summary>
    internal ImageState State { get; set; }

    /// <summary>The image goes to another place. Returns where it was; null if it did not move.</summary>
    public ImageState? MoveTo(ImageState state) => _inFlight.Move(this, state);
}

/// <summary>Where an image is.</summary>
internal enum ImageState
{
    Waiting,
    Running,
    Ended,
}
