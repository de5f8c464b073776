using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Security;

/// <summary>The service writes nothing to disk, so that it runs on a read-only file system.</summary>
public sealed class NothingWrittenTests(TestApi api) : IClassFixture<TestApi>
{
    [Fact]
    public void Services_OfTheHost_HaveNoDataProtection() => Assert.Null(api.Services.GetService<IDataProtectionProvider>());
}
