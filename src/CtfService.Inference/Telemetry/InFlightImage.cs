namespace CtfService.Inference.Telemetry;

/// <summary>State of one image in <see cref="InFlightImages"/>. Thread-safe; ending an image twice has no further effect.</summary>
internal sealed class InFlightImage
{
    private readonly InFlightImages _inFlight;

    internal InFlightImage(InFlightImages inFlight, int rows, long enteredAt)
    {
        (_inFlight, Rows, EnteredAt) = (inFlight, rows, enteredAt);
        WaitingNode = new LinkedListNode<InFlightImage>(this);
    }

    public int Rows { get; }

    /// <summary>Timestamp of the admission.</summary>
    internal long EnteredAt { get; }

    /// <summary>Node in the list of waiting images.</summary>
    internal LinkedListNode<InFlightImage> WaitingNode { get; }

    /// <summary>Guarded by the lock of <see cref="InFlightImages"/>.</summary>
    internal ImageState State { get; set; }

    /// <summary>Moves the image to another state.</summary>
    /// <returns>The previous state; null if it did not change.</returns>
    public ImageState? MoveTo(ImageState state) => _inFlight.Move(this, state);
}

/// <summary>State of an admitted image.</summary>
internal enum ImageState
{
    Waiting,
    Running,
    Ended,
}
