using CtfService.Inference.Status;

namespace CtfService.Inference.Queue;

/// <summary>
/// Queue capacity reserved for callers that got a Retry-After. Without reservations, capacity that becomes free goes to the next caller by chance, and callers
/// that wait as instructed find the queue full again. What a flow has reserved because its own share was used up is withheld from that flow only. Not
/// thread-safe; guarded by the lock of the queue.
/// </summary>
/// <param name="capacity">
/// Capacity of the queue in images. At most as many count as reserved, and at most three quarters are withheld from callers without a reservation.
/// </param>
internal sealed class RetryReservations(int capacity, TimeProvider clock)
{
    /// <summary>Time that a caller may be late before the reservation expires.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>The same where the queue is limited by time: newcomers who make an equal request by chance would fill a short queue.</summary>
    public static readonly TimeSpan ShortGrace = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Most reservations, for each image of the capacity. Most callers never return, so there are more than places; the limit bounds the search.
    /// </summary>
    private const int ReservationsPerImage = 16;

    private readonly List<Reservation> _reservations = [];

    /// <summary>
    /// Returns the number of images reserved before a flow for callers that have not returned yet and are not overdue; the capacity if there are more.
    /// </summary>
    public int Images(string flow)
    {
        var now = clock.GetSteadyNow();
        _reservations.RemoveAll(reservation => reservation.End < now);
        var reserved = _reservations.Where(reservation => !reservation.IsShare || reservation.Request.Flow == flow);
        return Math.Min(capacity, reserved.Sum(reservation => reservation.Request.Images));
    }

    /// <summary>Returns the number of reserved images that a flow cannot take without a reservation.</summary>
    public int Kept(string flow) => Math.Min(Images(flow), capacity * 3 / 4);

    /// <summary>Reserves capacity for a caller that returns after the given time. Does nothing if there are too many reservations.</summary>
    /// <param name="isShare">Whether the share of its flow was used up, and not the queue.</param>
    /// <param name="grace">Time that the caller may be late; null for <see cref="Grace"/>.</param>
    public void Add(RetriedRequest request, TimeSpan after, bool isShare, TimeSpan? grace = null)
    {
        if (_reservations.Count < ReservationsPerImage * capacity)
        {
            var due = clock.GetSteadyNow() + after;
            _reservations.Add(new Reservation(request, due, due + (grace ?? Grace), isShare));
        }
    }

    /// <summary>
    /// Uses the reservation of a caller that makes this request now. The first equal request counts; any of the same size would too often be that of a
    /// newcomer, who arrives in the moments between the time of a reservation and its caller.
    /// </summary>
    /// <returns>True if such a reservation was due.</returns>
    public bool TryRedeem(RetriedRequest request)
    {
        var now = clock.GetSteadyNow();
        var index = _reservations.FindIndex(reservation =>
            reservation.Request == request && reservation.Due <= now && now <= reservation.End);
        if (index < 0)
        {
            return false;
        }

        _reservations.RemoveAt(index);
        return true;
    }

    private readonly record struct Reservation(RetriedRequest Request, DateTimeOffset Due, DateTimeOffset End, bool IsShare);
}
