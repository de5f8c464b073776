using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Worker;

/// <summary>
/// The images in the generator, by id, and the rows that further images may take. A higher id started later. Call from the worker thread only.
/// </summary>
/// <param name="interactiveRows"><see cref="InferenceOptions.InteractiveRows"/>.</param>
internal sealed class RunningJobs(int interactiveRows)
{
    /// <summary>The rows of one guided image, which could never start with fewer.</summary>
    private const int LeastRows = 2;

    private readonly Dictionary<long, InferenceJob> _jobs = [];
    private readonly RowLimit _rowLimit = new();
    private long _lastId;
    private int _allRows;
    private int _bulk;

    public int Count => _jobs.Count;

    public int BulkCount => _bulk;

    /// <summary>Priority of the next step: bulk images pause unless all are bulk.</summary>
    public ImagePriority Priority => _bulk == _jobs.Count ? ImagePriority.Bulk : ImagePriority.Interactive;

    public InferenceJob? this[long id] => _jobs.GetValueOrDefault(id);

    /// <summary>Prepares for a generator without images.</summary>
    /// <param name="rows">Rows of the decode step of the generator.</param>
    public void Begin(int rows) => _allRows = rows;

    /// <summary>
    /// Counts the running images of each priority and the rows that further ones may take. Interactive images may take those of bulk images as well.
    /// </summary>
    public (RunningImages Interactive, RunningImages Bulk) Read(IImageGenerator generator)
    {
        int rows = 0, drawn = 0, bulkRows = 0, bulkDrawn = 0;
        foreach (var job in _jobs.Values)
        {
            var (taken, isDrawn) = (job.Specification.Rows, job.Specification.Rows > 0 ? 1 : 0);
            (rows, drawn) = job.Priority == ImagePriority.Bulk ? (rows, drawn) : (rows + taken, drawn + isDrawn);
            (bulkRows, bulkDrawn) = job.Priority == ImagePriority.Bulk ? (bulkRows + taken, bulkDrawn + isDrawn) : (bulkRows, bulkDrawn);
        }

        var (free, occupied) = (generator.FreeRows, _bulk == 0 ? 0 : generator.BulkRows);
        var forBulk = Math.Min(_rowLimit.FreeRows(free, rows + bulkRows), Math.Max(LeastRows, _allRows - interactiveRows) - occupied);
        return (
            new RunningImages(_rowLimit.FreeRows(free + occupied, rows), drawn, Count - _bulk - drawn),
            new RunningImages(forBulk, bulkDrawn, _bulk - bulkDrawn));
    }

    /// <summary>Adds an image.</summary>
    /// <returns>Its id.</returns>
    public long Add(InferenceJob job)
    {
        _jobs.Add(++_lastId, job);
        _bulk += job.Priority == ImagePriority.Bulk ? 1 : 0;
        return _lastId;
    }

    /// <summary>Removes and returns an image; null if there is none with this id.</summary>
    public InferenceJob? Take(long id)
    {
        if (!_jobs.Remove(id, out var job))
        {
            return null;
        }

        _bulk -= job.Priority == ImagePriority.Bulk ? 1 : 0;
        return job;
    }

    /// <summary>Returns the ids of the images of a priority, oldest first.</summary>
    public List<long> IdsOf(ImagePriority priority) => [.. _jobs.Where(job => job.Value.Priority == priority).Select(job => job.Key).Order()];

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

    /// <summary>Removes images from the generator and lets them wait again, before all others; their seeds make them the same.</summary>
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

    /// <summary>Lets bulk images wait again, those with the fewest steps first, until an interactive image has rows.</summary>
    /// <returns>The number of images.</returns>
    public int MakeRoom(IImageGenerator generator, AdmissionScheduler waiting, int rows)
    {
        var count = 0;
        while (_bulk > 0 && generator.FreeRows < rows && IdsOf(ImagePriority.Bulk).FindLast(id => _jobs[id].Specification.Rows > 0) is var id and > 0)
        {
            PutBack(generator, waiting, [id]);
            count++;
        }

        return count;
    }

    /// <summary>Counts an image that has finished, after which more rows may be tried.</summary>
    public void Finished(InferenceJob job) => _rowLimit.Finished(job.Specification.Rows, _allRows);

    /// <summary>Limits the rows to those of the images that are left, because a step did not fit in memory.</summary>
    public void LimitRows() => _rowLimit.Shrink(_jobs.Values.Sum(job => job.Specification.Rows));
}
