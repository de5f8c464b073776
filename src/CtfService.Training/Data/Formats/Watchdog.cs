using System.Runtime.ExceptionServices;

namespace CtfService.Training.Data.Formats;

/// <summary>Runs calls into a library that may loop without end on a damaged file, as Parquet.Net does if a list claims billions of empty elements.</summary>
/// <param name="patience">Time without progress after which a call is given up. Its thread cannot be stopped; it ends with the process.</param>
internal sealed class Watchdog(TimeSpan patience)
{
    /// <summary>Runs a call on a thread of its own and returns its result.</summary>
    /// <param name="progress">Returns a number that changes while the call makes progress, such as the position in the file. Thread-safe.</param>
    /// <exception cref="InvalidDataException">The call made no progress.</exception>
    public T Run<T>(Func<T> call, Func<long> progress)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        void Call()
        {
            try
            {
                result = call();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        }

        var thread = new Thread(Call) { IsBackground = true, Name = "Data set reader" };
        thread.Start();
        for (var seen = progress(); !thread.Join(patience);)
        {
            var now = progress();
            seen = now != seen ? now : throw new InvalidDataException(FormattableString.Invariant($"no progress in {patience.TotalSeconds} s"));
        }

        failure?.Throw();
        return result!;
    }
}
