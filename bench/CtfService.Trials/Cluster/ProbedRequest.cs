using System.Net.Http.Headers;
using System.Net.Http.Json;
using CtfService.Trials.Traffic;

namespace CtfService.Trials.Cluster;

/// <summary>A kind of request whose time is measured.</summary>
/// <param name="Cost">A request that takes longer is sent fewer times.</param>
/// <param name="Create">Creates a request by its number.</param>
internal sealed record ProbedRequest(string Name, int Cost, Func<int, HttpRequestMessage> Create)
{
    /// <summary>To a replica that takes no time, so that the difference is the gateway's alone.</summary>
    public static IReadOnlyList<ProbedRequest> WithoutDrawing { get; } =
    [
        new("GET, 100 bytes", 1, _ => Get("/v1/images/bytes/100")),
        new("POST, 12,000 bytes", 1, number => Post("/v1/images/bytes/12000", number)),
        new("POST, a stream of 8 events of 4 KiB", 1, number => Post("/v1/images/events/8", number)),
    ];

    /// <summary>To a replica with the model.</summary>
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

    private static HttpRequestMessage Post(string path, int number) =>
        new(HttpMethod.Post, path) { Content = JsonContent.Create(new { class_label = "banana", seed = number, n = 1 }) };

    private static HttpRequestMessage Image(int number, AnswerForm form) =>
        new ImageOrder(number % 24, (ulong)number, Images: 1, form).Request(ClusterKeys.Studio, idempotencyKey: null);
}
