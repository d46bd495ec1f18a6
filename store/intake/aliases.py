"""The names by which sources call the canonical columns, best first. Compared without case and punctuation.

English, Chinese, OpenStreetMap keys (also as extracts flatten them: camera_direction), Esri and the names of
open-data portals. A name that may mean something else (height, address) stands last or not at all.
"""

from __future__ import annotations

from types import MappingProxyType

from store.intake.texts import plain

_RAW: dict[str, dict[str, str]] = {
    "grids": {
        "code": (
            "code grid_code gridcode 网格编码 网格代码 网格编号 编码 代码 区划代码 行政区划代码 adcode "
            "单元网格编码 grid_id gridid geoid pagename 编号 id gis_id"
        ),
        "name": "name grid_name gridname 网格名称 名称 name:zh name_zh 区划名称 label",
        "level": "level 层级 级别 网格级别 网格层级 admin_level",
        "parent": "parent parent_code parentcode 上级 上级编码 上级网格 上级代码 父级编码 所属网格 parent_id",
        "team": "team 责任单位 责任部门 网格长 警务站 responsible_team responsible_unit station",
        "population": "population 人口 人口数 常住人口 实有人口 pop totalpop total_population p0010001",
    },
    "incidents": {
        "id": (
            "id incident_id incidentid event_id eventid case_id case_number casenumber 事件编号 案件编号 "
            "警情编号 编号 objectid object_id servicerequestid service_request_id ccn complaint_id fid uid "
            "uuid globalid gid osm_id 序号"
        ),
        "category": (
            "category 类别 事件类别 事件类型 警情类别 案件类别 类型 offense offence crime_type crimetype "
            "incident_type incidenttype event_type eventtype offense_type primary_type servicecodedescription "
            "service_name request_type description crime kind type"
        ),
        "occurred_at": (
            "occurred_at occurredat occurred 发生时间 事发时间 案发时间 报警时间 dateoccur dateoccured "
            "dateoccurred date_occurred occurred_on occurrence_date incident_date incident_datetime event_time "
            "start_date startdate start_time datetime timestamp 日期 时间 date time adddate created_at "
            "created_date report_dat report_date reportdatetime reported_at t"
        ),
        "grid_code": "grid_code gridcode 网格编码 网格代码 网格编号 所属网格 登记网格 网格 grid grid_id",
        "status": "status 状态 处置状态 办理状态 serviceorderstatus case_status request_status state",
        # Not "priority" nor 等级: those count the gravest as 1.
        "severity": "severity severity_score severity_index 严重程度 严重度 严重性",
    },
    "cameras": {
        "id": (
            "id camera_id cameraid device_id deviceid 设备编码 设备编号 设备国标编码 国标编码 点位编号 "
            "摄像机编号 编号 facilityid objectid object_id osm_id osmid @id fid uid uuid gid gis_id 序号"
        ),
        "name": (
            "name camera_name cameraname 名称 点位名称 摄像机名称 设备名称 监控点位 安装地址 安装位置 location address"
        ),
        "kind": "kind camera:type camera_type 类型 摄像机类型 设备类型 摄像机结构类型 结构类型 ptztype type",
        "azimuth_deg": (
            "azimuth_deg azimuth camera:direction camera_direction surveillance:direction heading bearing "
            "direction 朝向 方位角 方向角 方向 监视方位 摄像机朝向 directiontype 方向类型 orientation"
        ),
        "hfov_deg": "hfov_deg hfov fov 视场角 水平视场角 field_of_view view_angle",
        "range_m": "range_m 可视距离 监控距离 有效距离 camera:range view_distance_m",
        "height_m": (
            "height_m 安装高度 架设高度 挂高 mount_height camera:height camera_height mounting_height install_height"
        ),
        "tilt_deg": "tilt_deg tilt 俯仰角 俯角 camera:angle camera_angle",
        "vfov_deg": "vfov_deg vfov 垂直视场角",
        "pixels_h": "pixels_h 水平像素 分辨率 resolution",
        "online": "online 在线 在线状态 是否在线 设备状态 status",
        "networked": "networked 联网 是否联网 联网状态",
        "smart": "smart 智能 是否智能 智能化",
        "owner": "owner operator 权属单位 建设单位 所属单位 管理单位 所属部门 department agency",
        "azimuth_tolerance_deg": "azimuth_tolerance_deg",
        "purpose": "purpose 用途 建设目的 监控目的 使用目的 监控用途 surveillance:purpose camera_purpose",
        "sign": "sign warning_sign signage has_sign 提示标识 是否设置提示标识 标识 警示标识 告示牌",
        "retention_days": (
            "retention_days retention storage_days keep_days 保存天数 存储天数 录像保存天数 保存期限 存储周期 留存天数"
        ),
        "masks": "masks privacy_masks masked_sectors mask_sectors 遮挡方位 隐私遮挡方位 遮挡角度 遮蔽方位 遮挡扇区",
    },
    "buildings": {
        "id": (
            "id 编号 序号 唯一标识 标识码 uid uuid fid objectid object_id globalid osm_id osmid @id gid gis_id "
            "building_id 建筑编号 楼栋编号"
        ),
        "height_m": "height_m height building:height building_height 高度 建筑高度 楼高",
        "kind": "kind building building_use 建筑用途 房屋用途 建筑类型 用途 类型 type",
    },
    "streets": {
        "id": (
            "id 编号 序号 唯一标识 标识码 uid uuid fid objectid object_id globalid osm_id osmid @id gid gis_id 道路编号"
        ),
        "name": "name 名称 道路名称 street_name streetname road_name registeredname fullname street 路名 街道名称",
        "kind": "kind highway 道路等级 道路类型 fclass functionalclass road_class 类型 type class",
    },
    "places": {
        "id": (
            "id 编号 序号 唯一标识 标识码 uid uuid fid objectid object_id globalid osm_id osmid @id gid gis_id "
            "place_id 场所编号"
        ),
        "name": "name 名称 name:zh name_zh name_en name:en title label 场所名称 单位名称 place_name",
        "kind": "kind 类型 类别 type class category 种类 amenity 场所类型 fclass",
    },
    "zones": {
        "id": (
            "id 编号 序号 唯一标识 标识码 uid uuid fid objectid object_id globalid osm_id osmid @id gid gis_id "
            "zone_id 区域编号"
        ),
        "name": "name 名称 name:zh name_zh name_en name:en title label 区域名称 zone_name",
        "kind": "kind 类型 类别 type class category 种类 区域类型 zone_type",
    },
}

ALIASES = MappingProxyType(
    {
        layer: MappingProxyType(
            {name: tuple(dict.fromkeys(map(plain, names.split()))) for name, names in fields.items()}
        )
        for layer, fields in _RAW.items()
    }
)


def _plain_names(names: str) -> tuple[str, ...]:
    return tuple(plain(name) for name in names.split())


LON = _plain_names("lon longitude lng long 经度 lon_wgs84 point_lon x_lon")
LAT = _plain_names("lat latitude lat lat 纬度 lat_wgs84 point_lat y_lat")
X = _plain_names("x xcoord x_coord xcoordinate easting east point_x coord_x blockxcoord xblock x坐标 横坐标")
Y = _plain_names("y ycoord y_coord ycoordinate northing north point_y coord_y blockycoord yblock y坐标 纵坐标")
# Tags of a camera that are read although no canonical column has their name.
CAMERA_TAGS = frozenset(_plain_names("revolving surveillance:type surveillance_type surveillance man_made"))
OBJECT_HEIGHT = frozenset(_plain_names("height est_height 高度"))
COUNTS = frozenset(_plain_names("count 数量 件数"))
