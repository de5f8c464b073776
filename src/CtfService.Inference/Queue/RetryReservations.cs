namespace CtfService.Inference.Queue;

/// <summary>
/// Places in the queue that were promised to callers who were told when to come back. Without them a place that comes free goes to the first caller of that
/// moment, and callers who wait as they were told find the queue full again. Plain state under the queue's lock.
/// </summary>
/// <param name="places">Images that may wait in the queue: as many are promised at most, and half as many are kept from callers who were promised
/// nothing.</param>
internal sealed class RetryReservations(int places, TimeProvider clock)
{
    /// <summary>How long a caller may be late; then any caller may have its places.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly List<Reservation> _reservations = [];

    /// <summary>Images promised to callers who have not come back and are not overdue.</summary>
    public int Images
    {
        get
        {
            var now = clock.GetUtcNow();
            _reservations.RemoveAll(reservation => reservation.Due + Grace < now);
            return _reservations.Sum(reservation => reservation.Images);
        }
    }

    /// <summary>Of these, what no other caller may take.</summary>
    public int Kept => Math.Min(Images, places / 2);

    public void Add(int images, TimeSpan after)
    {
        if (Images + images <= places)
        {
            _reservations.Add(new Reservation(images, clock.GetUtcNow() + after));
        }
    }

    /// <summary>A caller asks for so many images. True if one was told to come back for them by now; the first who comes is taken for that one.</summary>
    public bool TryRedeem(int images)
    {
        var now = clock.GetUtcNow();
        var place = _reservations.FindIndex(reservation => reservation.Images == images && reservation.Due <= now && now <= reservation.Due + Grace);
        if (place < 0)
        {
            return false;
        }

        _reservations.RemoveAt(place);
        return true;
    }

    private readonly record struct Reservation(int Images, DateTimeOffset Due);
}
