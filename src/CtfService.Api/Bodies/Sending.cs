using CtfService.Api.Configuration;
using CtfService.Api.Telemetry;

namespace CtfService.Api.Bodies;

/// <summary>
/// Limits the time that a client has to read a response, or each event of a stream. Used by the thread of the request; any thread may abort it, but not
/// after the request has ended, because its context is gone then.
/// </summary>
internal sealed class Sending(HttpContext http, UnsentResponses unsent, TimeSpan timeout, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private ITimer? _deadline;
    private bool _isOver; // under _gate

    /// <summary>Maximum bytes of pictures that are held until the response is sent.</summary>
    public long Bytes { get; private set; }

    /// <summary>Returns the instance of the current request; null if there is none, as in a test without a host.</summary>
    public static Sending? Of(HttpContext http) => http.Features.Get<Sending>();

    /// <summary>Sets the bytes that are held. Call before the first byte is sent.</summary>
    public void Holds(long bytes) => Bytes = bytes;

    /// <summary>
    /// Starts the time limit. Does nothing once the request has ended: the server sends the rest, one buffer at most, and applies its own minimum rate.
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

        _deadline = clock.CreateTimer(_ => Abort(), state: null, timeout, Timeout.InfiniteTimeSpan);
        unsent.Add(this);
    }

    /// <summary>Stops the time limit, because everything known so far has been sent.</summary>
    public void End()
    {
        _deadline?.Dispose();
        unsent.Remove(this);
    }

    /// <summary>Aborts the connection; the response is truncated.</summary>
    public void Abort()
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

/// <summary>Adds the time limit to every response.</summary>
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
