using System.Net;

namespace CtfService.Trials.Images;

/// <summary>Images by class and seed, drawn before a trial by a process that nothing disturbs.</summary>
internal sealed class ExpectedImages
{
    private const int Classes = 24;

    private readonly IReadOnlyList<(ImageRequest Request, byte[] File)> _images;

    private ExpectedImages(IReadOnlyList<(ImageRequest Request, byte[] File)> images) => _images = images;

    /// <exception cref="InvalidOperationException">The service did not answer with an image.</exception>
    public static async Task<ExpectedImages> DrawAsync(HttpClient service, int count, CancellationToken cancellation)
    {
        var images = new List<(ImageRequest Request, byte[] File)>();
        for (var i = 0; i < count; i++)
        {
            var request = new ImageRequest(i % Classes, (ulong)i + 1_000_003);
            var answer = await request.SendAsync(service, cancellation);
            images.Add(answer.Status == HttpStatusCode.OK
                ? (request, answer.Body)
                : throw new InvalidOperationException($"{request} was answered with {answer.Status}."));
        }

        return new(images);
    }

    /// <summary>Returns a request and the file that answers it.</summary>
    public (ImageRequest Request, byte[] File) this[int number] => _images[number % _images.Count];
}
