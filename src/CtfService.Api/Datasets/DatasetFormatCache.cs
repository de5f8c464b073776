using CtfService.Datasets.Formats;
using CtfService.Jobs.Work;

namespace CtfService.Api.Datasets;

/// <summary>
/// Keeps the plans of the data sets that were worked on last, image by image, because laying one out takes time and memory that grow with the number of images.
/// Thread-safe.
/// </summary>
internal sealed class DatasetFormatCache
{
    /// <summary>Number of jobs; each holds four bytes per image.</summary>
    private const int Kept = 4;

    private readonly Lock _gate = new();
    private readonly List<(string Job, DatasetSpecification Specification, Lazy<ShardFormat> Format)> _last = []; // under _gate, the last used one first

    /// <exception cref="System.Text.Json.JsonException">The specification of the job cannot be read.</exception>
    /// <exception cref="ArgumentException">Its plan is invalid.</exception>
    public (DatasetSpecification Specification, ShardFormat Format) Of(Job job)
    {
        Lazy<ShardFormat> format;
        DatasetSpecification specification;
        lock (_gate)
        {
            var place = _last.FindIndex(entry => entry.Job == job.Id);
            if (place >= 0)
            {
                (_, specification, format) = _last[place];
                _last.RemoveAt(place);
            }
            else
            {
                specification = DatasetSpecification.Parse(job.Specification);
                format = new Lazy<ShardFormat>(() => ShardFormat.Of(specification.ToDataset()));
            }

            _last.Insert(0, (job.Id, specification, format));
            _last.RemoveRange(Math.Min(Kept, _last.Count), Math.Max(0, _last.Count - Kept));
        }

        return (specification, format.Value);
    }
}
