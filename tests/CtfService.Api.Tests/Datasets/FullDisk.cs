using CtfService.Jobs.Files;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Datasets;

/// <summary>A file store whose disk is full until the test makes room: a file breaks off in the middle.</summary>
internal sealed class FullDisk(IFileStore inner) : IFileStore
{
    private const int Room = 700;

    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsFull { get; set; } = true;

    /// <summary>Completes when a file has not found room.</summary>
    public Task Failed => _failed.Task.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);

    /// <summary>Puts the full disk in front of the store of a service.</summary>
    public static void Add(IServiceCollection services)
    {
        var store = services.Last(service => service.ServiceType == typeof(IFileStore)).ImplementationFactory!;
        services.AddSingleton<IFileStore>(provider => new FullDisk((IFileStore)store(provider)));
    }

    public Task<StoredFile?> FindAsync(string name, CancellationToken cancellation) => inner.FindAsync(name, cancellation);

    public Task<Stream?> OpenAsync(string name, long offset, long? length, CancellationToken cancellation) =>
        inner.OpenAsync(name, offset, length, cancellation);

    public Task<bool> PublishAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation) => inner.PublishAsync(
        name,
        async (output, cancel) =>
        {
            if (!IsFull)
            {
                await write(output, cancel);
                return;
            }

            using var whole = new MemoryStream();
            await write(whole, cancel);
            await output.WriteAsync(whole.GetBuffer().AsMemory(0, (int)Math.Min(Room, whole.Length)), cancel);
            _failed.TrySetResult();
            throw new FileStoreUnavailableException("No space is left. Make room.");
        },
        cancellation);

    public IAsyncEnumerable<StoredFile> ListAsync(string prefix, CancellationToken cancellation) => inner.ListAsync(prefix, cancellation);

    public Task DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);
}
