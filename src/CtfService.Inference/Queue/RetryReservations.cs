namespace CtfService.Inference.Queue;

/// <summary>
/// Queue capacity reserved for callers that got a Retry-After. Without reservations, capacity that becomes free goes to the next caller by chance, and
/// callers that wait as instructed find the queue full again. Not thread-safe; guarded by the lock of the queue.
/// </summary>
/// <param name="capacity">
/// Capacity of the queue in images. At most as many are reserved, and at most half as many are withheld from callers without a reservation.
/// </param>
internal sealed class RetryReservations(int capacity, TimeProvider clock)
{
    /// <summary>Time that a caller may be late before the reservation expires.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly List<Reservation> _reservations = [];

    /// <summary>Number of images reserved for callers that have not returned yet and are not overdue.</summary>
    public int Images
    {
        get
        {
            var now = clock.GetUtcNow();
            _reservations.RemoveAll(reservation => reservation.Due + Grace < now);
            return _reservations.Sum(reservation => reservation.Images);
        }
    }

    /// <summary>Number of reserved images that other callers cannot take.</summary>
    public int Kept => Math.Min(Images, capacity / 2);

    /// <summary>Reserves capacity for a caller that returns after the given time. Does nothing if the reservations would exceed the capacity.</summary>
    public void Add(int images, TimeSpan after)
    {
        if (Images + images <= capacity)
        {
            _reservations.Add(new Reservation(images, clock.GetUtcNow() + after));
        }
    }

    /// <summary>
    /// Uses the reservation of a caller that requests this many images now. The queue does not know callers, so the first request of that size counts.
    /// </summary>
    /// <returns>True if such a reservation was due.</returns>
    public bool TryRedeem(int images)
    {
        var now = clock.GetUtcNow();
        var index = _reservations.FindIndex(reservation => reservation.Images == images && reservation.Due <= now && now <= reservation.Due + Grace);
        if (index < 0)
        {
            return false;
        }

        _reservations.RemoveAt(index);
        return true;
    }

    private readonly record struct Reservation(int Images, DateTimeOffset Due);
}
