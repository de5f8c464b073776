namespace CtfService.Api.Security;

/// <summary>Images that were charged to a caller. When it is disposed, those that were not delivered are given back. Not thread-safe.</summary>
/// <param name="giveBack">Gives back a number of images above 0.</param>
internal sealed class ImageCharge(long images, Func<long, Task> giveBack) : IAsyncDisposable
{
    private long _undelivered = images;

    /// <summary>The charge of a caller without limits.</summary>
    public static ImageCharge None { get; } = new(images: 0, _ => Task.CompletedTask);

    public void Delivered(long images) => _undelivered = Math.Max(0, _undelivered - images);

    public async ValueTask DisposeAsync()
    {
        if (_undelivered > 0)
        {
            await giveBack(_undelivered);
            _undelivered = 0;
        }
    }
}
