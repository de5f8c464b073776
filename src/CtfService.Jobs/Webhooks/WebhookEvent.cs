using System.Text.Json;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Webhooks;

/// <summary>What a webhook says: that a job has ended, and how.</summary>
internal static class WebhookEvent
{
    /// <summary>Returns the id of the event, the same at every attempt, so that the receiver can tell a repetition.</summary>
    public static string IdOf(Job job) => $"evt_{job.Id}";

    /// <summary>Returns the body, the same bytes at every attempt: type <c>batch.completed</c>, <c>dataset.failed</c> and so on.</summary>
    public static byte[] BodyOf(Job job) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        id = IdOf(job),
        @object = "event",
        type = $"{job.Kind}.{StateNames.Of(job.State)}",
        created_at = (job.EndedAt ?? job.CreatedAt).ToUnixTimeSeconds(),
        data = new { id = job.Id },
    });
}
