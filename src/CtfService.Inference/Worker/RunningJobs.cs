using System.Collections.Concurrent;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Worker;

/// <summary>
/// The images in the generator, by id, and the rows that further images may take. A higher id started later. Call from the worker thread only, except
/// <see cref="FailFromOutside"/>.
/// </summary>
/// <param name="interactiveRows"><see cref="InferenceOptions.InteractiveRows"/>.</param>
internal sealed class RunningJobs(int interactiveRows)
{
    /// <summary>The rows of one guided image, which could never start with fewer.</summary>
    private const int LeastRows = 2;

    private readonly Dictionary<long, InferenceJob> _jobs = [];
    private readonly ConcurrentDictionary<long, InferenceJob> _copy = new(); // of _jobs, for other threads
    private readonly RowLimit _rowLimit = new();
    private long _lastId;
    private readonly int[] _counts = new int[(int)ImagePriority.Bulk + 1]; // by level
    private readonly RunningLevels _levels = new();
    private int _allRows;

    public int Count => _jobs.Count;

    public int BulkCount => _counts[(int)ImagePriority.Bulk];

    /// <summary>Priority of the next step: the highest that an image runs at; images of the others pause.</summary>
    public ImagePriority Priority => Count == 0 ? ImagePriority.Bulk : (ImagePriority)Array.FindIndex(_counts, static count => count > 0);

    public InferenceJob? this[long id] => _jobs.GetValueOrDefault(id);

    /// <summary>Prepares for a generator without images.</summary>
    /// <param name="rows">Rows of the decode step of the generator.</param>
    public void Begin(int rows) => _allRows = rows;

    /// <summary>
    /// Counts the running images of each level and the rows that further ones may take. Images may take the rows of those of a lower level as well.
    /// </summary>
    /// <returns>The counts; the next call changes them.</returns>
    public RunningLevels Read(IImageGenerator generator)
    {
        _levels.Clear();
        Span<int> rows = stackalloc int[_counts.Length]; // by level
        foreach (var job in _jobs.Values)
        {
            ref var level = ref _levels[job.Level];
            level = level.With(job.Specification.Rows);
            rows[(int)job.Level] += job.Specification.Rows;
        }

        var (free, used) = (generator.FreeRows, 0);
        for (var level = ImagePriority.High; level <= ImagePriority.Bulk; level++)
        {
            used += rows[(int)level];
            var below = HasBelow(level) ? generator.RowsBelow(level) : 0;
            _levels[level] = _levels[level] with { FreeRows = _rowLimit.FreeRows(free + below, used) };
        }

        ref var bulk = ref _levels[ImagePriority.Bulk];
        var occupied = BulkCount == 0 ? 0 : generator.RowsBelow(ImagePriority.Batch);
        bulk = bulk with { FreeRows = Math.Min(bulk.FreeRows, Math.Max(LeastRows, _allRows - interactiveRows) - occupied) };
        return _levels;
    }

    /// <summary>Adds an image.</summary>
    /// <returns>Its id.</returns>
    public long Add(InferenceJob job)
    {
        _jobs.Add(++_lastId, job);
        _copy[_lastId] = job;
        _counts[(int)job.Level]++;
        return _lastId;
    }

    /// <summary>Removes and returns an image; null if there is none with this id.</summary>
    public InferenceJob? Take(long id)
    {
        if (!_jobs.Remove(id, out var job))
        {
            return null;
        }

        _copy.TryRemove(id, out _);
        _counts[(int)job.Level]--;
        return job;
    }

    /// <summary>Fails the images without removing them, while the worker's thread hangs. Thread-safe.</summary>
    public int FailFromOutside(Func<Exception> error)
    {
        var jobs = _copy.Values;
        foreach (var job in jobs)
        {
            job.Fail(error());
        }

        return jobs.Count;
    }

    /// <summary>Returns the ids of the images that run at a priority, oldest first.</summary>
    public List<long> IdsOf(ImagePriority level) => [.. _jobs.Where(job => job.Value.Level == level).Select(job => job.Key).Order()];

    /// <summary>Returns the ids of the images that no caller waits for; null if there are none, which is usual and allocates nothing.</summary>
    public List<long>? Unwanted()
    {
        List<long>? unwanted = null;
        foreach (var (id, job) in _jobs)
        {
            if (!job.IsWanted)
            {
                (unwanted ??= []).Add(id);
            }
        }

        return unwanted;
    }

    /// <summary>Removes images from the generator and lets them wait again, before all others of their flow; their seeds make them the same.</summary>
    /// <param name="ids">Oldest first.</param>
    public void PutBack(IImageGenerator generator, AdmissionScheduler waiting, IReadOnlyList<long> ids)
    {
        foreach (var id in ids.Reverse())
        {
            generator.Remove(id);
            if (Take(id) is { } job)
            {
                job.MarkRestarted();
                waiting.PutBack(job); // the oldest last, so that it restarts first
            }
        }
    }

    /// <summary>
    /// Lets images of a lower level wait again until an image has rows: first those of the lowest level, of the flow that is furthest above its share, and with
    /// the fewest steps.
    /// </summary>
    /// <param name="job">The image that starts; it has not been added.</param>
    /// <returns>The priority of each of these images.</returns>
    public IReadOnlyList<ImagePriority> MakeRoom(IImageGenerator generator, AdmissionScheduler waiting, InferenceJob job)
    {
        if (job.Specification.Rows == 0 || !HasBelow(job.Level) || generator.FreeRows >= job.Specification.Rows)
        {
            return []; // the usual case
        }

        List<ImagePriority> restarted = [];
        while (generator.FreeRows < job.Specification.Rows)
        {
            var last = _jobs.Where(running => running.Value.Level > job.Level && running.Value.Specification.Rows > 0).Select(running => running.Key)
                .DefaultIfEmpty(0).MaxBy(id => id == 0 ? default : (_jobs[id].Level, waiting.Excess(_jobs[id]), id));
            if (last == 0)
            {
                break;
            }

            restarted.Add(_jobs[last].Priority);
            PutBack(generator, waiting, [last]);
        }

        return restarted;
    }

    /// <summary>Counts an image that has finished, after which more rows may be tried.</summary>
    public void Finished(InferenceJob job) => _rowLimit.Finished(job.Specification.Rows, _allRows);

    /// <summary>Limits the rows to those of the images that are left, because a step did not fit in memory.</summary>
    public void LimitRows() => _rowLimit.Shrink(_jobs.Values.Sum(job => job.Specification.Rows));

    /// <summary>Returns true if an image runs at a lower level.</summary>
    private bool HasBelow(ImagePriority level) => _counts.AsSpan((int)level + 1).ContainsAnyExcept(0);
}
