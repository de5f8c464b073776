namespace CtfService.Api.Contracts;

/// <summary>The event of a stream of a data set: its state now and after each change. The data is a <see cref="DatasetResponse"/>.</summary>
internal static class DatasetUpdatedEvent
{
    public const string Name = "dataset.updated";
}
