using CtfService.Api.Configuration;
using CtfService.Api.Telemetry;

namespace CtfService.Api.Bodies;

/// <summary>
/// The time a caller has to take what is sent: a whole answer, or each event of a stream. Used by the request's thread; given up by any, but never
/// when the request is over: its context is gone then.
/// </summary>
internal sealed class Sending(HttpContext http, UnsentResponses unsent, TimeSpan timeout, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private ITimer? _deadline;
    private bool _isOver; // under _gate

    /// <summary>Pictures that are held until everything is sent, at most.</summary>
    public long Bytes { get; private set; }

    /// <summary>Null if nothing watches, as in a test without a host.</summary>
    public static Sending? Of(HttpContext http) => http.Features.Get<Sending>();

    /// <summary>Before the first byte.</summary>
    public void Holds(long bytes) => Bytes = bytes;

    /// <summary>
    /// From now on the caller has to read. Does nothing once the request is over: the server sends what is left, a buffer at most, and has a rate of its own
    /// for it.
    /// </summary>
    public void Begin()
    {
        End();
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }
        }

        _deadline = clock.CreateTimer(_ => GiveUp(), state: null, timeout, Timeout.InfiniteTimeSpan);
        unsent.Add(this);
    }

    /// <summary>Everything has gone out, as far as we know.</summary>
    public void End()
    {
        _deadline?.Dispose();
        unsent.Remove(this);
    }

    /// <summary>Ends the connection: what the caller has of the answer is cut off.</summary>
    public void GiveUp()
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                RequestRecord.Of(http)?.ReadTooSlowly();
                http.Abort();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        End();
    }
}

/// <summary>Every answer has a deadline to be read by.</summary>
internal static class SendingExtensions
{
    public static void UseSending(this WebApplication app)
    {
        var timeout = app.Services.GetRequiredService<LimitsOptions>().SendTimeout;
        var clock = app.Services.GetRequiredService<TimeProvider>();
        var unsent = app.Services.GetRequiredService<UnsentResponses>();
        app.Use(async (http, next) =>
        {
            using var sending = new Sending(http, unsent, timeout, clock);
            http.Features.Set(sending);
            http.Response.OnStarting(() =>
            {
                sending.Begin();
                return Task.CompletedTask;
            });
            await next(http);
        });
    }
}
