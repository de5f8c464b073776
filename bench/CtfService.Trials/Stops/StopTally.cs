using System.Collections.Concurrent;

namespace CtfService.Trials.Stops;

/// <summary>What became of the requests that were sent while a service stopped. Thread-safe.</summary>
internal sealed class StopTally
{
    private readonly ConcurrentQueue<string> _wrong = new();
    private int _right;
    private int _refused;
    private int _notAdmitted;
    private int _unread;

    /// <summary>Requests that got the image of their seed.</summary>
    public int Right => _right;

    /// <summary>Requests that got 503 with a message.</summary>
    public int Refused => _refused;

    /// <summary>Requests whose connection was not accepted, because the service no longer listened.</summary>
    public int NotAdmitted => _notAdmitted;

    /// <summary>Requests that were lost, or got anything else.</summary>
    public IReadOnlyCollection<string> Wrong => _wrong;

    /// <summary>Requests on connections that the service closed before it had read them: the system accepts a connection before the service does.</summary>
    public int Unread => _unread;

    public void CountUnread() => Interlocked.Increment(ref _unread);

    /// <summary>Counts a lost answer if the service has read more requests than were answered.</summary>
    /// <param name="read">Requests in its log.</param>
    public void Compare(int read)
    {
        if (Unread > 0 && read > Right + Refused + Wrong.Count)
        {
            CountWrong($"the service read {read} requests and answered {Right + Refused}");
        }
    }

    public void CountRight() => Interlocked.Increment(ref _right);

    public void CountRefused() => Interlocked.Increment(ref _refused);

    public void CountNotAdmitted() => Interlocked.Increment(ref _notAdmitted);

    public void CountWrong(string what) => _wrong.Enqueue(what);
}
