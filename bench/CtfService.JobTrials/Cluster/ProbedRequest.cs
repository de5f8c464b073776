using System.Net.Http.Headers;
using CtfService.JobTrials.Traffic;

namespace CtfService.JobTrials.Cluster;

/// <summary>A kind of request whose time is measured.</summary>
/// <param name="Cost">A request that takes longer is sent fewer times.</param>
/// <param name="Create">Creates a request by its number.</param>
internal sealed record ProbedRequest(string Name, int Cost, Func<int, HttpRequestMessage> Create)
{
    public static IReadOnlyList<ProbedRequest> All { get; } =
    [
        new("GET /v1/classes", 1, _ => Get("/v1/classes")),
        new("POST, one image as a file", 4, number => Image(number, AnswerForm.PngFile)),
        new("POST, one image in JSON", 4, number => Image(number, AnswerForm.PngInJson)),
        new("POST, a stream with previews", 4, number => Image(number, AnswerForm.Stream)),
    ];

    private static HttpRequestMessage Get(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ClusterKeys.Studio);
        return request;
    }

    private static HttpRequestMessage Image(int number, AnswerForm form) =>
        new ImageOrder(number % 24, (ulong)number, Images: 1, form).Request(ClusterKeys.Studio, idempotencyKey: null);
}
